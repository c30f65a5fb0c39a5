// Changes of a running DNS server (RFC 2136), as input of nsupdate.

/** A message holds 64 KiB; a line of a zone takes at most some 600 bytes in it, mostly a tenth of that. */
const linesInMessage = 100

/** From what a zone has to what it is to have. All that is said of one name changes at one moment. */
export function updateScript(zone: string, served: ReadonlySet<string>, wanted: ReadonlySet<string>): string {
  const gone = [...served].filter((line) => !wanted.has(line))
  const fresh = [...wanted].filter((line) => !served.has(line))
  const changes = new Map<string, string[]>()
  const add = (line: string, change: string) => {
    const name = ownerOf(line)
    changes.set(name, [...(changes.get(name) ?? []), change])
  }
  // First what goes: a name that is an alias can be nothing else.
  for (const line of gone) add(line, `update delete ${withoutTime(line)}`)
  for (const line of fresh) add(line, `update add ${line}`)
  const names = [...changes.keys()].sort()
  return messages(names.map((name) => changes.get(name) ?? []))
    .map((lines) => [`zone ${zone}`, ...lines, 'send', ''].join('\n'))
    .join('')
}

function messages(groups: readonly (readonly string[])[]): string[][] {
  const found: string[][] = []
  let current: string[] = []
  for (const group of groups) {
    if (current.length > 0 && current.length + group.length > linesInMessage) {
      found.push(current)
      current = []
    }
    current.push(...group)
  }
  return current.length > 0 ? [...found, current] : found
}

function ownerOf(line: string): string {
  return line.slice(0, line.indexOf(' '))
}

function withoutTime(line: string): string {
  return line.replace(/^(\S+) \d+ /, '$1 ')
}

const ofEveryZone = /^ns\.dns\.| IN (SOA|NS|TXT) /

/** The lines of a zone as `dig axfr` tells them, without those that every zone has. Undefined: it was not told whole. */
export function transferred(text: string): ReadonlySet<string> | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith(';'))
  const starts = lines.filter((line) => / IN SOA /.test(line)).length
  return starts === 2 ? new Set(lines.filter((line) => !ofEveryZone.test(line))) : undefined
}
