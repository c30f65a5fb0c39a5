// What happens to the world without Berth.
import type { Dice } from './dice.ts'
import type { FakeClock } from './fake-clock.ts'
import { type Box, type FakeDocker, ours } from './fake-docker.ts'
import type { FakeRuntime } from './fake-runtime.ts'

export interface Chaos {
  readonly runtime: FakeRuntime
  readonly clock: FakeClock
  readonly registry: Map<string, string>
  readonly dice: Dice
  readonly restartBerth: () => void
  /** The clock on the wall was set. */
  readonly jumped: () => void
}

interface Blow {
  readonly name: string
  readonly strike: (chaos: Chaos, engine: FakeDocker, box: Box | undefined) => void
}

const minuteMs = 60_000

const blows: readonly Blow[] = [
  { name: 'kill', strike: (_chaos, engine, box) => box && engine.end(box, 137) },
  { name: 'kill', strike: (_chaos, engine, box) => box && engine.end(box, 1) },
  { name: 'remove by hand', strike: (_chaos, engine, box) => box && engine.remove(box) },
  { name: 'remove the sandbox by hand', strike: removeSandbox },
  { name: 'remove what has stopped', strike: (_chaos, engine) => engine.prune() },
  { name: 'pause by hand', strike: (_chaos, engine, box) => box && engine.pause(box, true) },
  { name: 'edit by hand', strike: (_chaos, engine, box) => box?.name === 'app' && edit(engine, box) },
  { name: 'restart the daemon', strike: (_chaos, engine) => engine.restart() },
  { name: 'cut off', strike: ({ runtime }, engine) => reach(runtime, engine, false) },
  { name: 'reconnect', strike: ({ runtime }, engine) => reach(runtime, engine, true) },
  { name: 'reconnect', strike: ({ runtime }, engine) => reach(runtime, engine, true) },
  { name: 'kill Berth', strike: ({ restartBerth }) => restartBerth() },
  { name: 'kill Berth', strike: ({ restartBerth }) => restartBerth() },
  { name: 'move a tag', strike: moveTag },
  { name: 'remove an image', strike: removeImage },
  { name: 'remove unused networks', strike: removeNetworks },
  { name: 'set the clock forward', strike: (chaos) => jump(chaos, chaos.dice.between(1, 180) * minuteMs) },
  { name: 'set the clock back', strike: (chaos) => jump(chaos, -chaos.dice.between(1, 120) * minuteMs) },
  { name: 'label', strike: label },
  { name: 'restart the data path', strike: restartNetwork },
]

/** One blow, in words. */
export function strike(chaos: Chaos): string {
  const { runtime, dice } = chaos
  const engine = dice.pick([...runtime.engines.values()])
  const blow = dice.pick(blows)
  if (!engine || !blow) return ''
  const box = dice.pick([...engine.boxes.values()].filter((candidate) => candidate.installation === ours))
  blow.strike(chaos, engine, box)
  return `${blow.name} on ${engine.name}${box ? ` (${box.pod}/${box.name || 'sandbox'})` : ''}`
}

function removeSandbox({ runtime }: Chaos, engine: FakeDocker, box: Box | undefined): void {
  const sandbox = box && runtime.engines.get(box.host)?.find({ ...box, name: box.pod }, '')
  if (sandbox) engine.remove(sandbox)
}

function edit(engine: FakeDocker, box: Box): void {
  box.config = { ...box.config, env: [{ name: 'LEVEL', value: 'by hand', secret: false }] }
  engine.change(box)
}

function reach(runtime: FakeRuntime, engine: FakeDocker, reachable: boolean): void {
  engine.reachable = reachable
  runtime.tellAll()
}

function moveTag({ registry, dice }: Chaos): void {
  const image = dice.pick([...registry.keys()])
  if (image) registry.set(image, `sha256:${image.replace(':', '-')}-${dice.between(2, 9)}`)
}

function removeImage({ dice }: Chaos, engine: FakeDocker): void {
  const image = dice.pick([...engine.images.keys()])
  if (image) engine.images.delete(image)
}

function removeNetworks(_chaos: Chaos, engine: FakeDocker): void {
  if (![...engine.boxes.values()].some((box) => box.state === 'running')) engine.networks.clear()
}

/** Whoever has the minute looks at what is due, at the next whole minute. */
function jump({ clock, jumped }: Chaos, ms: number): void {
  clock.jump(ms)
  clock.after(minuteMs - (clock.now() % minuteMs), jumped)
}

function restartNetwork({ runtime, dice }: Chaos): void {
  runtime.network?.start(dice.between(100, 20_000), () => runtime.tellAll())
}

function label({ runtime, dice }: Chaos, engine: FakeDocker): void {
  engine.labels = { zone: dice.pick(['a', 'b']) ?? 'a' }
  runtime.tellAll()
}
