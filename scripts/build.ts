// Makes `dist` (or the folder given): the sources with their types taken off, and what the compiler does not emit beside them.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const target = resolve(process.argv[2] ?? join(root, 'dist'))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

rmSync(target, { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', target], {
  cwd: root,
  stdio: 'inherit',
})
const source = join(root, 'src')
for (const entry of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (/\.(js|json)$/.test(entry)) cpSync(join(source, entry), join(target, entry))
}
process.exitCode = status ?? 1
