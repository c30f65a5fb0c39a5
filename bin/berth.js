#!/usr/bin/env node
// Plain JavaScript, so that an older Node says what is wrong instead of failing on syntax.
const [major] = process.versions.node.split('.')
if (Number(major) < 24) {
  console.error(
    `berth needs Node.js 24 or newer, found ${process.versions.node}; install it from your distribution or nodejs.org`,
  )
  process.exit(2)
}
const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const { existsSync } = await import('node:fs')
const { main } = await import(existsSync(source) ? source.href : built.href)
process.exitCode = await main(process.argv.slice(2))
