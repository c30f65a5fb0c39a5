import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalRepository } from '../local-refs.ts'

/** A repository's own settings, `section.key` in small letters; of several the last. What it includes is not read. */
export function readLocalConfig({ common }: LocalRepository): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  let section = ''
  for (const line of readFileSync(join(common, 'config'), 'utf8').split('\n')) {
    const name = /^\s*\[([\w.-]+)(?:\s+"(.*)")?\]/.exec(line)
    if (name) section = `${name[1]!.toLowerCase()}${name[2] === undefined ? '' : `.${name[2]}`}`
    const found = /^\s*(?:\[[^\]]*\]\s*)?([a-z][\w-]*)\s*(?:=\s*(.*?))?\s*$/i.exec(line)
    if (found) values.set(`${section}.${found[1]!.toLowerCase()}`, readValue(found[2]))
  }
  return values
}

/** A key alone means true. */
function readValue(text: string | undefined): string {
  return text === undefined ? 'true' : text.replace(/^"(.*)"$/, '$1').replace(/\s+[#;].*$/, '')
}

export function isOff(value: string | undefined): boolean {
  return value !== undefined && /^(?:false|no|off|0)$/i.test(value)
}

export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|yes|on|1)$/i.test(value)
}
