// The process that asks: so that it can be in the network of a pod, and is not held up by what the test does besides. Its only argument is
// the plan, as JSON. Each line of its input is a word: `more N` (answered after N more requests) or `end`; each of its output is JSON.
import { createInterface } from 'node:readline'
import { dnsLoad } from '../runtime/dns-load.ts'
import { Load } from '../support/load.ts'
import type { TrafficPlan, TrafficResult } from './traffic.ts'

const plan: TrafficPlan = JSON.parse(process.argv[2] ?? '')
const load = new Load({ paths: plan.paths, clients: { keep: 2, idle: 1, new: 2 } })
const names = dnsLoad('udp', plan.server, plan.name, 1)

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [word, count] = line.split(' ')
    if (word === 'more') void load.more(Number(count)).then(() => tell({}))
    if (word === 'end') void end().then(tell)
  })
  .on('close', () => process.exit())

async function end(): Promise<TrafficResult> {
  const [{ counts, failures }, { asked, failed }] = await Promise.all([load.end(), names.stop()])
  const requests = counts.reduce((sum, { answers }) => sum + answers, 0)
  return { requests, failures, names: asked, failedNames: failed }
}

function tell(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
