// Opens the journal of argv[2] again and again, as commands beside a running engine do; ends with 1 on any warning or error.
import { Journal } from '../../src/journal/journal.ts'

const complain = (message: string): void => {
  console.error(message)
  process.exitCode = 1
}
const log = { debug() {}, info() {}, warn: complain, error: complain }

for (let round = 0; round < 25; round++) {
  const journal = Journal.open(process.argv[2] ?? '', log)
  journal.setApplied('shop', `c${round}`, 'repo#path', [])
  journal.history('shop')
  journal.close()
}
