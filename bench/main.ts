// `npm run bench -- NAME [ARGS]`: runs bench/NAME.ts, whose last line of output is `NAME: figure …`.
import { readdirSync } from 'node:fs'

interface Bench {
  /** Prints what it measures as it goes, and `NAME: …` last. Throws when it cannot measure. */
  run(args: readonly string[]): Promise<void>
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()

const [name = '', ...args] = process.argv.slice(2)
if (names.includes(name)) {
  const bench: Bench = await import(`./${name}.ts`)
  await bench.run(args)
} else {
  console.error(`no bench "${name}"; there are: ${names.join(', ')}`)
  process.exitCode = 2
}
