// npm run simulate -- --seeds 10000 --from 1: the deterministic simulator for more seeds than the tests run.
import { parseArgs } from 'node:util'
import { simulate } from '../test/sim/simulation.ts'

const shownSteps = 40

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
})
const [seeds, from] = [wholeNumber('--seeds', values.seeds), wholeNumber('--from', values.from)]
const startedAt = performance.now()
for (let seed = from; seed < from + seeds; seed += 1) {
  const { failure, trace } = await simulate(seed)
  if (failure === '') continue
  console.log(trace.slice(-shownSteps).join('\n'))
  console.log(`seed ${seed}: ${failure}`)
  console.log(`replay it: npm run simulate -- --seeds 1 --from ${seed}`)
  process.exit(1)
}
console.log(
  `simulate: ${seeds} seeds from ${from} held, ${((performance.now() - startedAt) / seeds).toFixed(1)} ms a seed`,
)

function wholeNumber(flag: string, text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  console.error(`${flag}: expected a whole number from 1, found "${text}"`)
  process.exit(2)
}
