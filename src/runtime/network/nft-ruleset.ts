// One nftables table as data, and the commands that make one state of it out of another. All commands of one text are one transaction.

export interface NftChain {
  /** `type filter hook forward priority -10`; empty: only jumped to. Never changes under one name. */
  readonly hook: string
  readonly rules: readonly string[]
}

export interface NftStore {
  readonly kind: 'set' | 'map'
  /** `type ipv4_addr; flags interval`. Never changes under one name. */
  readonly type: string
  /** Key -> value; the value is empty in a set. */
  readonly elements: ReadonlyMap<string, string>
}

export interface NftRuleset {
  readonly table: string
  readonly chains: ReadonlyMap<string, NftChain>
  readonly stores: ReadonlyMap<string, NftStore>
}

/** A chain of this name says which state of the table the kernel has. */
export const versionPrefix = 'version/'

/** Elements in one command: the line stays readable, and a thousand Services are a few lines. */
const elementsInLine = 250

/** Throws away what there is of the table. */
export function loadCommands(ruleset: NftRuleset): string {
  const { table } = ruleset
  return [`add table ip ${table}`, `delete table ip ${table}`, ...declarations(ruleset), ...contents(ruleset)].join(
    '\n',
  )
}

/** Undefined: nothing has to be done. */
export function changeCommands(before: NftRuleset, after: NftRuleset): string | undefined {
  if (retyped(before, after)) return loadCommands(after)
  const { table } = after
  const chains = [...after.chains].filter(([name, chain]) => !sameRules(before.chains.get(name), chain))
  const stores = storeChanges(before, after)
  const goneChains = [...before.chains.keys()].filter((name) => !after.chains.has(name))
  const goneStores = [...before.stores].filter(([name]) => !after.stores.has(name))
  const commands = [
    ...[...after.stores].filter(([name]) => !before.stores.has(name)).map((entry) => declareStore(table, entry)),
    ...chains.filter(([name]) => !before.chains.has(name)).map((entry) => declareChain(table, entry)),
    ...stores.flatMap(({ name, gone, flush }) => [
      ...(flush ? [`flush ${after.stores.get(name)?.kind} ip ${table} ${name}`] : []),
      ...elementCommands(table, 'delete', name, gone),
    ]),
    ...chains.filter(([name]) => before.chains.has(name)).map(([name]) => `flush chain ip ${table} ${name}`),
    ...chains.flatMap(([name, chain]) => ruleCommands(table, name, chain)),
    ...stores.flatMap(({ name, added }) => elementCommands(table, 'add', name, added)),
    ...goneChains.map((name) => `flush chain ip ${table} ${name}`),
    ...goneChains.map((name) => `delete chain ip ${table} ${name}`),
    ...goneStores.map(([name, { kind }]) => `delete ${kind} ip ${table} ${name}`),
  ]
  return commands.length === 0 ? undefined : commands.join('\n')
}

/** Names first, so that rules may speak of any chain, wherever it is written down. */
export function declarations({ table, chains, stores }: NftRuleset): string[] {
  return [
    `add table ip ${table}`,
    ...[...stores].map((entry) => declareStore(table, entry)),
    ...[...chains].map((entry) => declareChain(table, entry)),
  ]
}

function contents({ table, chains, stores }: NftRuleset): string[] {
  return [
    ...[...chains].flatMap(([name, chain]) => ruleCommands(table, name, chain)),
    ...[...stores].flatMap(([name, { elements }]) => elementCommands(table, 'add', name, [...elements])),
  ]
}

/** Puts chains and sets into a table that may have them already, and leaves the rest of it alone. Sets that have elements here get exactly these. */
export function additions(ruleset: NftRuleset): string {
  const { table, chains, stores } = ruleset
  const sets = [...stores].filter(([, { kind, elements }]) => kind === 'set' && elements.size > 0).map(([name]) => name)
  const flushed = [
    ...[...chains.keys()].map((name) => `flush chain ip ${table} ${name}`),
    ...sets.map((name) => `flush set ip ${table} ${name}`),
  ]
  return [...declarations(ruleset), ...flushed, ...contents(ruleset)].join('\n')
}

export function withVersion(ruleset: NftRuleset, version: string): NftRuleset {
  const chains = new Map(ruleset.chains).set(`${versionPrefix}${version}`, { hook: '', rules: [] })
  return { ...ruleset, chains }
}

/** What is in chains and stores, cut into parts that change apart from each other; each is to follow `declarations`. */
export function contentParts({ table, chains, stores }: NftRuleset, parts: number): string[] {
  const lines: string[][] = Array.from({ length: parts }, () => [])
  for (const [name, chain] of chains) lines[partOf(name, parts)]?.push(...ruleCommands(table, name, chain))
  for (const [name, { elements }] of stores) {
    const split: [string, string][][] = Array.from({ length: parts }, () => [])
    for (const element of elements) split[partOf(element[1] || element[0], parts)]?.push(element)
    for (const [part, own] of split.entries()) lines[part]?.push(...elementCommands(table, 'add', name, own))
  }
  return lines.map((part) => part.join('\n'))
}

function partOf(text: string, parts: number): number {
  let hash = 7
  for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) % 1_000_003
  return hash % parts
}

function declareStore(table: string, [name, { kind, type }]: readonly [string, NftStore]): string {
  return `add ${kind} ip ${table} ${name} { ${type}; }`
}

function declareChain(table: string, [name, { hook }]: readonly [string, NftChain]): string {
  return hook === '' ? `add chain ip ${table} ${name}` : `add chain ip ${table} ${name} { ${hook}; policy accept; }`
}

function ruleCommands(table: string, name: string, { rules }: NftChain): string[] {
  return rules.map((rule) => `add rule ip ${table} ${name} ${rule}`)
}

function elementCommands(
  table: string,
  verb: 'add' | 'delete',
  store: string,
  elements: readonly (readonly [string, string])[],
): string[] {
  const lines: string[] = []
  for (let at = 0; at < elements.length; at += elementsInLine) {
    const some = elements.slice(at, at + elementsInLine)
    const list = some.map(([key, value]) => (value === '' || verb === 'delete' ? key : `${key} : ${value}`))
    lines.push(`${verb} element ip ${table} ${store} { ${list.join(', ')} }`)
  }
  return lines
}

interface StoreChange {
  readonly name: string
  readonly gone: readonly (readonly [string, string])[]
  readonly added: readonly (readonly [string, string])[]
  readonly flush: boolean
}

function storeChanges(before: NftRuleset, after: NftRuleset): StoreChange[] {
  return [...after.stores].flatMap(([name, { type, elements }]): StoreChange[] => {
    const known = before.stores.get(name)?.elements ?? new Map<string, string>()
    const gone = [...known].filter(([key, value]) => elements.get(key) !== value)
    const added = [...elements].filter(([key, value]) => known.get(key) !== value)
    if (gone.length === 0 && added.length === 0) return []
    // The kernel may hold neighbouring ranges as one: such a set is written anew as a whole.
    if (type.includes('interval')) return [{ name, gone: [], added: [...elements], flush: known.size > 0 }]
    return [{ name, gone, added, flush: false }]
  })
}

function sameRules(before: NftChain | undefined, after: NftChain): boolean {
  return (
    before !== undefined &&
    before.rules.length === after.rules.length &&
    before.rules.every((rule, index) => rule === after.rules[index])
  )
}

function retyped(before: NftRuleset, after: NftRuleset): boolean {
  return (
    before.table !== after.table ||
    [...after.chains].some(([name, { hook }]) => (before.chains.get(name)?.hook ?? hook) !== hook) ||
    [...after.stores].some(([name, { type }]) => (before.stores.get(name)?.type ?? type) !== type)
  )
}
