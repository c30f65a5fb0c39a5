// Makes `dist` for the package: the sources with their types taken off, and what the compiler does not emit beside them.
import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
const source = join(root, 'src')
for (const entry of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (/\.(js|json|sql|html)$/.test(entry)) cpSync(join(source, entry), join(dist, entry))
}
