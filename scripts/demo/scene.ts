import { get } from 'node:http'
import type { AppStatus } from '../../src/report/status.ts'
import type { Berth } from './berth.ts'
import type { Containers, ShopContainer } from './containers.ts'
import type { ShopRepository } from './shop-repository.ts'
import type { Stage } from './stage.ts'

/** What a step plays with. */
export interface Scene {
  readonly stage: Stage
  readonly berth: Berth
  readonly containers: Containers
  readonly repository: ShopRepository
  /** Where the shop is open. */
  readonly port: number
  /** The same, as seen from this machine. */
  readonly address: string
}

export interface Step {
  readonly title: string
  play(scene: Scene): Promise<void>
}

export function synced(commit: string) {
  return (app: AppStatus) => app.commit === commit && app.sync === 'Synced' && app.health === 'Healthy'
}

export function refused(commit: string) {
  return (app: AppStatus) => app.head === commit && app.sync === 'Refused'
}

export async function runs(containers: Containers, deployment: string, image: string, count: number): Promise<boolean> {
  const found = await containers.of(deployment)
  return found.length === count && found.every((container) => container.running && container.image === image)
}

/** Old pods may take their grace period to leave after the new ones are ready. */
export async function settled(
  stage: Stage,
  containers: Containers,
  deployment: string,
  image: string,
  count: number,
): Promise<void> {
  await stage.soon(`${count} containers of ${image}`, () => runs(containers, deployment, image, count))
}

/** Shows what the shop answers, at an address of its own if it has one; waits until it is as expected. */
export async function serves({ stage, port, address }: Scene, text: string, host?: string): Promise<void> {
  const url = host === undefined ? address : address.replace('127.0.0.1', host)
  let page = ''
  await stage.soon(`"${text}" from ${url}`, async () => {
    page = await pageOf(port, new URL(url).host)
    return page.includes(text)
  })
  stage.say(`$ curl ${url}\n  ${page}`)
}

/** Asked by number, as not every resolver knows names below `localhost`. */
function pageOf(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = get({ host: '127.0.0.1', port, headers: { host }, agent: false, timeout: 5000 }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk))
      answer.on('end', () => resolve(text.trim()))
      answer.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer from ${host} within 5 s`)))
    call.on('error', reject)
  })
}

export async function everything(containers: Containers): Promise<ShopContainer[]> {
  return [...(await containers.of('web')), ...(await containers.of('api'))]
}

export function same(before: readonly ShopContainer[], now: readonly ShopContainer[]): boolean {
  return JSON.stringify(before) === JSON.stringify(now)
}
