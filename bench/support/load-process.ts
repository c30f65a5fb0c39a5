// The process that makes the load: so that it can be in the network namespace of a pod, and is not held up by what the bench does besides.
// Its only argument is the plan, as JSON. Each line of its input is a word: `under` (what is under way?) or `end`; each of its output is JSON.
import { createInterface } from 'node:readline'
import { Load, type LoadPlan } from '../../test/support/load.ts'

const plan: LoadPlan = JSON.parse(process.argv[2] ?? '')
const load = new Load(plan, (failure) => tell({ failure }))
createInterface({ input: process.stdin })
  .on('line', (word) => {
    if (word === 'under') tell({ under: load.underWay })
    if (word === 'end') void load.end().then((result) => tell({ result }))
  })
  .on('close', () => process.exit())

function tell(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
