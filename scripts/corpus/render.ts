// Charts and kustomizations become folders of manifests, by helm and kubectl themselves: with default values, and offline on every
// machine, so that the same corpus always gives the same figures.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import PQueue from 'p-queue'
import { parseDocument } from 'yaml'
import { type Folder, kustomizationNames, type ManifestFile, type Project } from './folders.ts'

/** Programs that render, by path. */
export interface Tools {
  readonly kubectl: string
  readonly helm: string
}

/** A chart or kustomization that gave no manifests. */
export interface NotRendered {
  readonly project: Project
  readonly why: string
}

export interface Rendered {
  readonly folders: readonly Folder[]
  readonly notRendered: readonly NotRendered[]
}

/** Of one chart or kustomization; the slowest of the corpus needs a second. */
const limitMs = 60_000

/** Renders all of them, as many at once as there are cores; the order of `projects` is kept. */
export async function render(root: string, projects: readonly Project[], tools: Tools): Promise<Rendered> {
  const scratch = mkdtempSync(join(tmpdir(), 'corpus-'))
  const queue = new PQueue({ concurrency: availableParallelism() })
  try {
    const results = await queue.addAll(projects.map((project) => () => renderOne(root, project, tools, scratch)))
    const folders = results.filter((result) => 'files' in result)
    return { folders, notRendered: results.filter((result) => 'why' in result) }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function renderOne(root: string, project: Project, tools: Tools, scratch: string): Promise<Folder | NotRendered> {
  const directory = join(root, project.path)
  const { output, words } =
    project.source === 'chart'
      ? await run(tools.helm, ['template', 'release', withNeighbours(directory, scratch), ...chartFlags], scratch)
      : await run(tools.kubectl, ['kustomize', directory], scratch)
  if (words !== '')
    return { project, why: isPart(directory) ? partOnly : reasonOf(words.replaceAll(`${directory}/`, '')) }
  const files = filesOf(output, project.path)
  return files.length > 0 ? { ...project, files } : { project, why: isPart(directory) ? partOnly : 'renders nothing' }
}

// Definitions are part of what helm installs; pods of `helm test` are not.
const chartFlags = ['--include-crds', '--skip-tests']
const partOnly = 'a component, which is part of others only'

/** The words of a program that failed, in short. */
export function reasonOf(words: string): string {
  const chart = /missing in charts\/ directory: (.*)/.exec(words)
  if (chart) return `needs network: the charts ${chart[1]}`
  const address = /(?:Get "|git fetch --depth=1 )([^" ]+)/.exec(words)
  if (address) return `needs network: ${address[1]}`
  if (/must specify --enable-helm/.test(words)) return 'needs network: the charts of helmCharts'
  const line = words.replace(/^Error: |^error: /gm, '').split('\n')[0] ?? ''
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

/** A chart whose dependencies lie beside it is copied with them, as `helm dependency build` would lay them out. */
function withNeighbours(directory: string, scratch: string): string {
  const neighbours = ['Chart.yaml', 'requirements.yaml'].flatMap((name) => neighboursIn(join(directory, name)))
  if (neighbours.length === 0) return directory
  const copy = join(mkdtempSync(join(scratch, 'chart-')), basename(directory))
  cpSync(directory, copy, { recursive: true })
  for (const { name, path } of neighbours) {
    const from = resolve(directory, path)
    if (existsSync(from)) cpSync(from, join(copy, 'charts', name), { recursive: true })
  }
  return copy
}

interface Dependencies {
  readonly dependencies?: readonly { readonly name?: unknown; readonly repository?: unknown }[] | null
}

function neighboursIn(file: string): { readonly name: string; readonly path: string }[] {
  if (!existsSync(file)) return []
  // Whether the file is well is for helm to say.
  const read: Dependencies | null = parseDocument(readFileSync(file, 'utf8'), { uniqueKeys: false }).toJS()
  return (read?.dependencies ?? []).flatMap(({ name, repository }) => {
    const path = /^file:\/\/(.+)$/.exec(String(repository))?.[1]
    return path === undefined ? [] : [{ name: String(name), path }]
  })
}

function isPart(directory: string): boolean {
  const name = kustomizationNames.find((one) => existsSync(join(directory, one)))
  return name !== undefined && /^kind:\s*Component\b/m.test(readFileSync(join(directory, name), 'utf8'))
}

/** One file a template of a chart, and one an object of a kustomization, so that a reason names what it is about. */
export function filesOf(output: string, folder: string): ManifestFile[] {
  const parts = output.split(/^---[ \t]*$/m).filter((part) => /^kind:/m.test(part))
  const named = parts.map((part) => ({ part, name: nameOf(part) }))
  return [...Map.groupBy(named, ({ name }) => name)].map(([name, group]) => ({
    path: join(folder, name),
    bytes: Buffer.from(group.map(({ part }) => part.trimStart()).join('---\n')),
  }))
}

function nameOf(part: string): string {
  // helm says the template, in which the chart's own folder comes first.
  const template = /^# Source: [^/\n]+\/(.+)$/m.exec(part)?.[1]
  if (template !== undefined) return template
  const kind = /^kind: *(\S+)/m.exec(part)?.[1] ?? ''
  const name = /^ {2}name: *["']?([^\s"']+)/m.exec(part)?.[1] ?? 'unnamed'
  return `${kind.toLowerCase()}-${name}.yaml`
}

/** What the program printed, or its words when it failed or took too long. */
function run(
  program: string,
  args: readonly string[],
  scratch: string,
): Promise<{ readonly output: string; readonly words: string }> {
  const options = { env: offline(scratch), timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const
  return new Promise((done) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const words = error?.killed ? `took longer than ${limitMs / 1000} s` : stderr.trim() || (error?.message ?? '')
      done({ output: stdout, words: error ? words : '' })
    })
  })
}

/** Nothing of the user's is read or written, and whatever asks for the network is told no at once instead of waiting for it. */
function offline(scratch: string): NodeJS.ProcessEnv {
  const nowhere = 'http://127.0.0.1:9'
  const home = { HOME: scratch, XDG_CACHE_HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_DATA_HOME: scratch }
  const git = { GIT_ALLOW_PROTOCOL: 'none', GIT_TERMINAL_PROMPT: '0' }
  const proxies = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: '' }
  return { PATH: process.env.PATH, TMPDIR: scratch, KUBECONFIG: '/dev/null', ...home, ...git, ...proxies }
}
