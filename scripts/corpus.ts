// `npm run corpus -- [DIR] [--run N]`: reads every folder of manifests, chart and kustomization below DIR and tells what is accepted, by
// level; with --run, also runs N folders of workloads with stand-in images, each with a Berth of its own, and tells which become ready.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { errorText } from '../src/base/errors.ts'
import { checkFolder, type FolderVerdict } from './corpus/check.ts'
import { type Deployed, deploy, imagesOf, loadStubs, pitfallOf } from './corpus/deploy.ts'
import { documentsOf, foldersOf, projectsOf } from './corpus/folders.ts'
import { conflicts, leftOut, refusals, tables } from './corpus/print.ts'
import { type Rendered, render, type Tools } from './corpus/render.ts'
import { podSpecOf } from './corpus/stubs.ts'
import { ensureCorpusTools } from './corpus-tools.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: 'string' },
    level: { type: 'string', default: '4' },
    timeout: { type: 'string', default: '45' },
    match: { type: 'string', default: '' },
  },
})
const root = positionals[0] ?? '../shared/corpus'

if (!existsSync(root)) {
  console.log(`no folder ${root}: nothing to read`)
} else {
  const { folders, notRendered } = await renderAll()
  const plain = foldersOf(root).filter(isWanted)
  const verdicts = [...plain, ...folders].map(checkFolder)
  const lists = [refusals(verdicts), conflicts(verdicts), leftOut(notRendered)].filter((lines) => lines.length > 1)
  console.log([tables(verdicts), ...lists].map((lines) => lines.join('\n')).join('\n\n'))
  if (values.run !== undefined) await runFolders(verdicts)
}

function isWanted({ path }: { readonly path: string }): boolean {
  return path.includes(values.match)
}

/** What lies in charts and kustomizations; nothing of them where the programs for it cannot be had. */
async function renderAll(): Promise<Rendered> {
  const projects = projectsOf(root).filter(isWanted)
  const tools = projects.length > 0 ? findTools(projects.length) : undefined
  return tools ? render(root, projects, tools) : { folders: [], notRendered: [] }
}

function findTools(count: number): Tools | undefined {
  try {
    return ensureCorpusTools()
  } catch (error) {
    console.log(`${count} charts and kustomizations are left out: ${errorText(error)}\n`)
    return undefined
  }
}

async function runFolders(all: readonly FolderVerdict[]): Promise<void> {
  const socket = process.env.BERTH_TEST_DOCKER ?? ''
  const wanted = all.filter(
    ({ folder, level, problem }) =>
      problem === '' &&
      level <= Number(values.level) &&
      folder.files.flatMap(documentsOf).some((one) => podSpecOf(one)),
  )
  const chosen = spread(wanted, Number(values.run))
  loadStubs(
    chosen.flatMap(({ folder }) => imagesOf(folder)),
    socket,
  )
  const results: Deployed[] = []
  for (const [index, { folder, level }] of chosen.entries()) {
    const result = await deploy(folder, index, socket, Number(values.timeout) * 1000)
    results.push(result)
    const pitfall = pitfallOf(result.why)
    const why = result.why === '' ? '' : `: ${pitfall === '' ? '' : `(${pitfall}) `}${result.why}`
    console.log(`${result.outcome.padEnd(8)}L${level} ${folder.path}, ${result.seconds} s${why}`)
  }
  const ready = results.filter(({ outcome }) => outcome === 'ready').length
  const excused = results.filter(({ outcome, why }) => outcome !== 'ready' && pitfallOf(why) !== '').length
  const counted = results.length - excused
  const share = counted === 0 ? 100 : Math.round((1000 * ready) / counted) / 10
  console.log(`corpus: ${ready} of ${results.length} folders ready; without ${excused} of stand-in pitfalls ${share} %`)
}

/** `count` of them, evenly over all, so that every repository has its share. */
function spread<T>(all: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, all.length / count)
  const picked = Array.from({ length: Math.min(count, all.length) }, (_one, index) => all[Math.floor(index * step)])
  return picked.filter((one) => one !== undefined)
}
