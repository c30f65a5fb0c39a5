// The gates: types, lint and format, dead code. Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'
import { environment, node, root } from './packages.mjs'

/** Name -> arguments of Node.js. @type {Record<string, string[]>} */
const gates = {
  types: ['node_modules/typescript/bin/tsc', '--noEmit'],
  'lint and format': ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  'dead code': ['node_modules/knip/bin/knip.js'],
}

/** Runs every gate, says what each found, and whether all passed. */
export async function check() {
  const found = await Promise.all(Object.entries(gates).map(async ([name, argv]) => ({ name, ...(await gate(argv)) })))
  for (const { name, status, output } of found) {
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`)
    if (status !== 0) console.log(output)
  }
  return found.every(({ status }) => status === 0)
}

/**
 * @param {string[]} argv
 * @returns {Promise<{ status: number | null, output: string }>}
 */
function gate(argv) {
  const child = spawn(node, argv, { cwd: root, env: environment({ NO_COLOR: '1' }), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: null, output: error.message }))
    child.once('close', (status) => resolve({ status, output }))
  })
}
