// Many Services of three pods each: how long the programs of a host take to begin, and until one more and one fewer endpoint is in effect; what
// they need. Argument: number of Services.
import { benchNode, type Program, programs } from './support/load-node.ts'
import { manyServices } from './support/load-table.ts'
import { countFrom, median, quantile } from './support/numbers.ts'

const changes = 50
const reloads = 3

export async function run(args: readonly string[]): Promise<void> {
  const count = countFrom(args, 1000)
  await using node = await benchNode()
  const services = manyServices(count, node.serviceCIDR)
  console.log(`${count} Services, first load: ${times(await node.apply(services.table))}`)
  const pure: number[] = []
  const applied: Record<Program, number[]> = { haproxy: [], dns: [], nft: [] }
  const whole: number[] = []
  const note = (took: number, programsTook: Readonly<Record<Program, number>>) => {
    pure.push(took)
    for (const program of programs) applied[program].push(programsTook[program])
    whole.push(took + programsTook.haproxy)
  }
  const before = await node.reloads()
  for (let change = 0; change < changes; change += 1) {
    for (const ready of [false, true]) {
      const took = services.turn((change * 7) % count, change % 3, ready)
      note(took, await node.apply(services.table))
    }
  }
  const reloaded = (await node.reloads()) - before
  if (reloaded > 0) throw new Error(`HAProxy was loaded anew ${reloaded} times for endpoints alone`)
  const added: string[] = []
  for (let number = 0; number < reloads; number += 1) {
    const took = services.add(`more-${number}`)
    added.push(`the new table ${took.toFixed(0)} ms, ${times(await node.apply(services.table))}`)
  }
  const loaded = (await node.reloads()) - before
  if (loaded !== reloads) throw new Error(`HAProxy was loaded anew ${loaded} times for ${reloads} Services more`)
  for (const words of added) console.log(`a Service more: ${words}`)
  const both = (values: readonly number[]) =>
    `${median(values).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms`
  console.log(`one endpoint changed, the new table: ${both(pure)}`)
  for (const program of programs) console.log(`one endpoint changed, ${program}: ${both(applied[program])}`)
  const memory = async (program: 'haproxy' | 'named') => `${((await node.memory(program)) / 2 ** 20).toFixed(0)} MiB`
  console.log(`memory: HAProxy ${await memory('haproxy')}, DNS ${await memory('named')}`)
  console.log(
    `services: ${median(whole).toFixed(1)} ms from a changed endpoint to HAProxy's answer (${median(pure).toFixed(1)} ms of it the table; ${count} Services, medians of ${whole.length}; target <= 20 ms)`,
  )
}

function times(took: Readonly<Record<Program, number>>): string {
  return programs.map((program) => `${program} ${took[program].toFixed(0)} ms`).join(', ')
}
