// A pull request of the example shop: how long until all pods of its preview are ready, against a bare script that makes the same
// containers; and how long until nothing is left of it once it is closed. Arguments: number of rounds, `names` or `services` (of the
// network; both without). Exit code 1: something is left.
import { ensureDemoImages } from '../scripts/demo/images.ts'
import { ensureNodeImage, testNodeImage } from '../test/support/node-image.ts'
import { Bare } from './support/bare.ts'
import { countFrom, median } from './support/numbers.ts'
import { benchEngine } from './support/place.ts'
import { bareShop, type Left, type Opened, PreviewBench } from './support/previewing.ts'

const target = 1.3
const modes = ['names', 'services'] as const

interface Round {
  readonly bareMs: number
  readonly opened: Opened
  readonly removalMs: number
  readonly left: Left
}

export async function run(args: readonly string[]): Promise<void> {
  const words = args.filter((word) => !/^\d+$/.test(word))
  const numbers = args.filter((word) => /^\d+$/.test(word))
  const rounds = countFrom(numbers, 5)
  const unknown = words.find((word) => !modes.some((mode) => mode === word))
  if (unknown !== undefined) throw new TypeError(`expected ${modes.join(' or ')}, found "${unknown}"`)
  const socket = await benchEngine()
  await ensureDemoImages(socket, (text) => console.log(text))
  const chosen = modes.filter((mode) => words.length === 0 || words.includes(mode))
  if (chosen.includes('services')) await ensureNodeImage(socket, testNodeImage)
  const lines: string[] = []
  for (const mode of chosen) lines.push(await measured(socket, mode, rounds))
  console.log(lines.join('\n'))
}

async function measured(socket: string, mode: (typeof modes)[number], count: number): Promise<string> {
  const bare = new Bare(socket)
  const bench = await PreviewBench.open(socket, mode)
  try {
    // The first one shows what has to be made, and is not counted.
    await bench.openPullRequest()
    const recipes = await bench.recipes(bare)
    await bench.closePullRequest()
    const rounds: Round[] = []
    for (let round = 1; round <= count; round += 1) {
      const bareMs = await bareShop(bare, recipes)
      const opened = await bench.openPullRequest()
      const { removalMs, left } = await bench.closePullRequest()
      rounds.push({ bareMs, opened, removalMs, left })
      const ratio = (opened.readyMs / bareMs).toFixed(2)
      const parts = `heard after ${ms(opened.heardMs)}, first container after ${ms(opened.firstMs)}`
      const removed = `removal ${ms(removalMs)}`
      console.log(
        `${mode} ${round}: bare ${ms(bareMs)}, preview ${ms(opened.readyMs)} (${parts}), ${ratio}x; ${removed}`,
      )
    }
    return summary(mode, rounds)
  } finally {
    await bench.close(bare)
    bare.close()
  }
}

function summary(mode: string, rounds: readonly Round[]): string {
  const middle = (pick: (round: Round) => number) => median(rounds.map(pick))
  const ratio = middle(({ bareMs, opened }) => opened.readyMs / bareMs)
  const heard = middle(({ bareMs, opened }) => (opened.readyMs - opened.heardMs) / bareMs)
  const most = (pick: (left: Left) => number) => Math.max(...rounds.map(({ left }) => pick(left)))
  const left = [most(({ containers }) => containers), most(({ networks }) => networks), most(({ volumes }) => volumes)]
  if (left.some((number) => number > 0)) process.exitCode = 1
  const times = `${ms(middle(({ opened }) => opened.readyMs))} / ${ms(middle(({ bareMs }) => bareMs))}`
  return [
    `preview: ${ratio.toFixed(2)}x of the bare API (${times}; ${heard.toFixed(2)}x from when Berth hears of it)`,
    `target <= ${target}x`,
    `network ${mode}; removal ${ms(middle(({ removalMs }) => removalMs))}`,
    `left: ${left[0]} containers, ${left[1]} networks, ${left[2]} volumes`,
  ].join(', ')
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
