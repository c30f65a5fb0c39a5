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
  /** Elements that are wanted no more do no harm, and stay until all is loaded anew: to take one out, nft reads all there is. */
  readonly stays?: true
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

/** What is other in the second ruleset than in the first. */
export interface NftChange {
  /** New ones and those of other rules. */
  readonly chains: readonly (readonly [string, NftChain])[]
  readonly goneChains: readonly string[]
  readonly stores: readonly StoreChange[]
  readonly newStores: readonly (readonly [string, NftStore])[]
  readonly goneStores: readonly (readonly [string, NftStore])[]
}

export function changeOf(before: NftRuleset, after: NftRuleset): NftChange {
  return {
    chains: [...after.chains].filter(([name, chain]) => !sameRules(before.chains.get(name), chain)),
    goneChains: [...before.chains.keys()].filter((name) => !after.chains.has(name)),
    stores: storeChanges(before, after),
    newStores: [...after.stores].filter(([name]) => !before.stores.has(name)),
    goneStores: [...before.stores].filter(([name]) => !after.stores.has(name)),
  }
}

/** Undefined: nothing has to be done. `change`: as `changeOf` says. */
export function changeCommands(
  before: NftRuleset,
  after: NftRuleset,
  change: NftChange = changeOf(before, after),
): string | undefined {
  if (retyped(before, after)) return loadCommands(after)
  const { table } = after
  const { chains, stores, goneChains, newStores, goneStores } = change
  const commands = [
    ...newStores.map((entry) => declareStore(table, entry)),
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
function declarations({ table, chains, stores }: NftRuleset): string[] {
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

/** A share of a ruleset. The names of all parts are to be loaded before the contents of any. */
export interface NftPart {
  readonly names: string
  readonly contents: string
}

/** The ruleset cut into parts that change apart from each other; only those with a number in `which`. */
export function rulesetParts(ruleset: NftRuleset, parts: number, which: ReadonlySet<number>): Map<number, NftPart> {
  const { table } = ruleset
  const lines = new Map([...which].map((part) => [part, { names: [] as string[], contents: [] as string[] }]))
  const of = (text: string) => lines.get(partOf(text, parts))
  for (const entry of ruleset.chains) {
    const part = of(entry[0])
    part?.names.push(declareChain(table, entry))
    part?.contents.push(...ruleCommands(table, ...entry))
  }
  for (const entry of ruleset.stores) {
    const [name, { elements }] = entry
    of(name)?.names.push(declareStore(table, entry))
    if (elements.size === 0) continue
    const own = Map.groupBy(elements, (element) => partOf(elementPlace(element), parts))
    for (const [part, some] of own) lines.get(part)?.contents.push(...elementCommands(table, 'add', name, some))
  }
  return new Map(
    [...lines].map(([part, { names, contents }]) => [part, { names: text(names), contents: text(contents) }]),
  )
}

/** Numbers of the parts that are other after a change. */
export function changedParts(change: NftChange, parts: number): Set<number> {
  const places = [
    ...change.chains.map(([name]) => name),
    ...change.goneChains,
    ...[...change.newStores, ...change.goneStores].map(([name]) => name),
    ...[...change.newStores, ...change.goneStores].flatMap(([, { elements }]) => [...elements].map(elementPlace)),
    ...change.stores.flatMap(({ gone, added, replaced }) => [...gone, ...added, ...replaced].map(elementPlace)),
  ]
  return new Set(places.map((place) => partOf(place, parts)))
}

/** Elements are kept beside the chain that they lead to. */
function elementPlace([key, value]: readonly [string, string]): string {
  return value || key
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
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
  /** To be taken out one by one. */
  readonly gone: readonly (readonly [string, string])[]
  readonly added: readonly (readonly [string, string])[]
  readonly flush: boolean
  /** Of before, but not to be taken out one by one. */
  readonly replaced: readonly (readonly [string, string])[]
}

function storeChanges(before: NftRuleset, after: NftRuleset): StoreChange[] {
  return [...after.stores].flatMap(([name, { type, elements, stays }]): StoreChange[] => {
    const known = before.stores.get(name)?.elements ?? new Map<string, string>()
    if (known === elements) return []
    const gone = [...known].filter(([key, value]) => elements.get(key) !== value)
    const added = [...elements].filter(([key, value]) => known.get(key) !== value)
    if (gone.length === 0 && added.length === 0) return []
    // The kernel may hold neighbouring ranges as one: such a set is written anew as a whole.
    if (type.includes('interval'))
      return [{ name, gone: [], added: [...elements], flush: known.size > 0, replaced: [...known] }]
    return [{ name, added, flush: false, ...(stays ? { gone: [], replaced: gone } : { gone, replaced: [] }) }]
  })
}

function sameRules(before: NftChain | undefined, after: NftChain): boolean {
  if (before === after) return true
  return (
    before !== undefined &&
    before.rules.length === after.rules.length &&
    before.rules.every((rule, index) => rule === after.rules[index])
  )
}

function retyped(before: NftRuleset, after: NftRuleset): boolean {
  if (before.table !== after.table) return true
  for (const [name, { hook }] of after.chains) if ((before.chains.get(name)?.hook ?? hook) !== hook) return true
  for (const [name, { type }] of after.stores) if ((before.stores.get(name)?.type ?? type) !== type) return true
  return false
}
