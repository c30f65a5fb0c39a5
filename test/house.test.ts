import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOnly, type Import, importsOf } from './support/walls.ts'

const root = resolve(import.meta.dirname, '..')

/** Who may import whom. Longest match wins on both sides; `types` are erased before anything runs. */
interface Doors {
  readonly open: readonly string[]
  readonly types?: readonly string[]
  readonly pure?: boolean
}

// Facts and contracts of the runtime: plain types, an error class and one constant.
const facts = ['runtime/live.ts']
const baseValues = ['base/hash.ts', 'base/backoff.ts', 'base/key.ts', 'base/errors.ts', 'base/duration.ts']

const doors: Readonly<Record<string, Doors>> = {
  base: { open: [] },
  sync: { open: ['base'] },
  manifests: { open: [...baseValues, 'cron/schedule.ts'], types: ['base'], pure: true },
  journal: { open: ['base'] },
  runtime: { open: ['base', 'manifests', 'runtime/network'] },
  'runtime/network': { open: [...baseValues, 'manifests'], types: [...facts, 'base'], pure: true },
  certificates: { open: ['base', 'manifests', 'runtime/network'] },
  diff: { open: [...baseValues, 'manifests', 'runtime/pod-address.ts'], types: ['base', ...facts], pure: true },
  cron: { open: baseValues, pure: true },
  // Its only file that is not computed but happens.
  'cron/wake.ts': { open: [] },
  'reconcile/plan': {
    open: [...baseValues, 'manifests', 'diff', 'cron', 'runtime/pod-address.ts', 'runtime/filled.ts'],
    types: ['base', 'runtime', 'runtime/network'],
    pure: true,
  },
  autoscale: {
    open: [...baseValues, 'manifests', 'reconcile/plan'],
    types: ['base', 'runtime'],
    pure: true,
  },
  // Its loop, and the one source of figures that is not the runtime.
  'autoscale/autoscaler.ts': { open: ['base', 'runtime', 'manifests', 'autoscale', 'autoscale/prometheus.ts'] },
  'autoscale/prometheus.ts': { open: ['base', 'autoscale'] },
  reconcile: { open: ['base', 'runtime', 'reconcile/plan', 'manifests', 'diff'] },
  // Lists of pull requests, whoever has them.
  pulls: { open: ['base', 'sync', 'preview', 'outward/errors.ts'], types: ['forge'] },
  preview: { open: [...baseValues, 'manifests'], pure: true },
  report: { open: [...baseValues, 'manifests', 'diff', 'reconcile/plan'], types: ['base', 'runtime'], pure: true },
  // Calls to servers of others, with one set of limits.
  outward: { open: ['base'] },
  forge: { open: ['base', 'outward'], types: ['report', 'settings.ts'] },
  'forge/states.ts': { open: [...baseValues], types: ['report', 'forge'], pure: true },
  // Pure but for its box, its file and the delivery.
  notify: {
    open: ['base', 'manifests', 'outward', 'notify/once.ts', 'notify/template.ts'],
    types: ['report', 'settings.ts'],
  },
  'notify/once.ts': { open: [], types: ['report'], pure: true },
  'notify/pace.ts': { open: [], pure: true },
  'notify/note.ts': { open: baseValues, types: ['report'], pure: true },
  'notify/template.ts': { open: [...baseValues, 'manifests'], types: ['report'], pure: true },
  // Files of a commit become objects here, so that sync and manifests need not know each other.
  source: { open: ['base', 'sync', 'manifests'] },
  server: { open: ['base', 'engine.ts', 'report', 'server/webhooks'] },
  'server/webhooks': { open: baseValues, pure: true },
  rollback: { open: baseValues, pure: true },
  cli: {
    open: [
      'base',
      'engine.ts',
      'settings.ts',
      'report',
      'server',
      'journal',
      'preview',
      'rollback',
      'source',
      'manifests',
      'sync',
      'told-rollbacks.ts',
      'preview-settings.ts',
      'cli/open.ts',
    ],
  },
  // Puts the parts together for every command.
  'cli/open.ts': {
    open: [
      'base',
      'engine.ts',
      'reverting.ts',
      'telling.ts',
      'commenting.ts',
      'forge',
      'pulls',
      'preview-settings.ts',
      'settings.ts',
      'journal',
      'sync',
      'runtime',
      'cli',
    ],
  },
}

// The corridor, which sees every room.
const corridor = [
  'engine.ts',
  'engine-facts.ts',
  'application.ts',
  'application-parts.ts',
  'deciding.ts',
  'reporting.ts',
  'settling.ts',
  'reverting.ts',
  'told-rollbacks.ts',
  'last-words.ts',
  'story.ts',
  'telling.ts',
  'commenting.ts',
  'pull-request-words.ts',
  'scaling.ts',
  'networking.ts',
  'certifying.ts',
  'merge-plans.ts',
  'planning.ts',
  'confining.ts',
  'image-pushes.ts',
  'imaged.ts',
  'preview-images.ts',
  'preview-reports.ts',
  'preview-requests.ts',
  'preview-sharing.ts',
  'preview-settings.ts',
  'previewing.ts',
  'previews.ts',
  'ending.ts',
  'foreseeing.ts',
  'awaiting.ts',
  'preview-objects.ts',
  'removing.ts',
  'settings.ts',
  'waking.ts',
]

// Longer than the limit because they are generated.
const generated = [
  'src/manifests/generated/types.ts',
  'src/manifests/generated/validators.js',
  'src/manifests/generated/validators.d.ts',
]

const outsideModules: readonly { readonly module: RegExp; readonly only: RegExp; readonly why: string }[] = [
  {
    module: /^(node:)?child_process$/,
    only: /^src\/sync\/native[\w-]*(\/.*)?\.ts$|^src\/sync\/native\//,
    why: 'only the git program is ever started',
  },
  { module: /^dockerode/, only: /^src\/runtime\/docker\//, why: 'Docker is spoken to in one place' },
  { module: /^ssh2/, only: /^src\/sync\/(ssh|signature)\//, why: 'ssh is for Git' },
  { module: /^acme-client/, only: /^src\/certificates\//, why: 'certificates are obtained in one place' },
  { module: /^(@octokit\/|@gitbeaker\/|gitea-js)/, only: /^src\/forge\//, why: 'forges are spoken to in one place' },
  { module: /^node-cron/, only: /^src\/cron\/wake\.ts$/, why: 'schedules are computed; the library only wakes' },
]

interface Source {
  /** Path from the root, with slashes. */
  readonly path: string
  readonly text: string
}

function filesUnder(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: relative(root, file), text: readFileSync(file, 'utf8') }))
}

const sources = filesUnder('src')
const everything = [...sources, ...['test', 'bench', 'scripts', 'bin'].flatMap(filesUnder)]

/** The doors of the room that a path (from `src/`) lies in; undefined: no room. */
function roomOf(path: string): string | undefined {
  return Object.keys(doors)
    .filter((room) => path === room || path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function opensTo(allowed: readonly string[], target: string): boolean {
  const room = roomOf(target)
  return allowed.some((door) => door === target || door === room)
}

/** What is wrong with one import of one file; undefined: nothing. Paths are from `src/`. */
function doorProblem(path: string, { from, typeOnly }: Import): string | undefined {
  const room = roomOf(path)
  if (!from.startsWith('.')) {
    if (room !== undefined && doors[room]?.pure && from.startsWith('node:'))
      return `${path}: a pure room imports ${from}`
    return undefined
  }
  const target = relative(join(root, 'src'), resolve(root, 'src', dirname(path), from))
  if (target.startsWith('..')) return `${path}: leaves src for ${from}`
  if (room === undefined || roomOf(target) === room) return undefined
  const { open, types = [] } = doors[room]!
  if (opensTo(open, target) || (typeOnly && opensTo(types, target))) return undefined
  return `${path}: ${room} has no door to ${target}${opensTo(types, target) ? ' (for types only)' : ''}`
}

const impure =
  /\basync\b|\bawait\b|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b|\bMath\.random\b|\bcrypto\.|\bset(Timeout|Interval|Immediate)\b|\bprocess\.|\bPromise\b/

function purityProblems({ path, text }: Source): string[] {
  return codeOnly(text)
    .split('\n')
    .flatMap((line, index) => {
      const found = impure.exec(line)?.[0]
      return found === undefined ? [] : [`${path}:${index + 1}: ${found} in a pure room`]
    })
}

const inSrc = (path: string) => path.replace(/^src\//, '')

describe('the house', () => {
  test('every room with files has its doors written down', () => {
    const paths = sources.map(({ path }) => inSrc(path))
    expect(paths.filter((path) => roomOf(path) === undefined && !corridor.includes(path))).toEqual([])
  })

  test('imports go through doors', () => {
    const problems = sources.flatMap(({ path, text }) => importsOf(text).map((item) => doorProblem(inSrc(path), item)))
    expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  })

  test('pure rooms have no async, clock, random or process', () => {
    const pure = sources.filter(({ path }) => {
      const room = roomOf(inSrc(path))
      return room !== undefined && doors[room]?.pure && !generated.includes(path)
    })
    expect(pure.flatMap(purityProblems)).toEqual([])
  })

  test('some modules are used in one place', () => {
    const problems = sources.flatMap(({ path, text }) =>
      importsOf(text).flatMap(({ from }) =>
        outsideModules
          .filter(({ module, only }) => module.test(from) && !only.test(path))
          .map(({ why }) => `${path}: imports ${from}, but ${why}`),
      ),
    )
    expect(problems).toEqual([])
  })

  test('no file is longer than 400 lines', () => {
    const long = everything
      .filter(({ path }) => !generated.includes(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })
})
