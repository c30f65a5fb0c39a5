// Changes of a running DNS server (RFC 2136), as input of nsupdate.

/** A message holds 64 KiB; a line of a zone takes at most some 600 bytes in it, mostly a tenth of that. */
const linesInMessage = 100

/** Namespace -> lines of one zone. What is the same object in two of them is the same. */
type Names = ReadonlyMap<string, readonly string[]>

/** From what a zone has to what it is to have. All that is said of one name changes at one moment. */
export function updateMessages(zone: string, served: Names, wanted: Names): readonly string[] {
  const before = linesBeside(served, wanted)
  const after = linesBeside(wanted, served)
  const changes = new Map<string, string[]>()
  const add = (line: string, change: string) => {
    const name = ownerOf(line)
    const own = changes.get(name)
    if (own) own.push(change)
    else changes.set(name, [change])
  }
  // First what goes: a name that is an alias can be nothing else.
  for (const line of before) if (!after.has(line)) add(line, `update delete ${withoutTime(line)}`)
  for (const line of after) if (!before.has(line)) add(line, `update add ${line}`)
  const names = [...changes.keys()].sort()
  return messages(names.map((name) => changes.get(name) ?? [])).map((lines) =>
    [`zone ${zone}`, ...lines, 'send', ''].join('\n'),
  )
}

/** Of the namespaces that the other one has not just so. */
function linesBeside(names: Names, other: Names): ReadonlySet<string> {
  return new Set([...names].flatMap(([namespace, lines]) => (other.get(namespace) === lines ? [] : lines)))
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
