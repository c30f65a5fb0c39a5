// `npm run corpus -- [DIR] [--run N]`: reads every folder of manifests below DIR and tells what is accepted, by level; with --run, also
// runs N folders of workloads with stand-in images, each with a Berth of its own, and tells which become ready.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkFolder, type DocumentVerdict, type FolderVerdict } from './corpus/check.ts'
import { type Deployed, deploy, imagesOf, loadStubs, pitfallOf } from './corpus/deploy.ts'
import { documentsOf, foldersOf } from './corpus/folders.ts'
import { podSpecOf } from './corpus/stubs.ts'

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
  const folders = foldersOf(root).filter(({ path }) => path.includes(values.match))
  const verdicts = folders.map(checkFolder)
  printVerdicts(verdicts)
  if (values.run !== undefined) await runFolders(verdicts)
}

function printVerdicts(all: readonly FolderVerdict[]): void {
  const documents = all.flatMap((verdict) => verdict.documents)
  console.log('level   documents accepted          folders accepted')
  for (let level = 0; level <= 7; level += 1) {
    const own = documents.filter((document) => document.level === level)
    const ownFolders = all.filter((verdict) => verdict.level === level)
    const counts = [shareOf(own), shareOf(ownFolders)].map((text) => text.padEnd(28)).join('')
    console.log(`L${level}      ${counts}`.trimEnd())
  }
  const refused = documents.filter(({ problem }) => problem !== '')
  console.log(`\n${refused.length} documents are refused:`)
  for (const [level, rest] of [...Map.groupBy(refused, (document) => document.level)].sort(([a], [b]) => a - b)) {
    for (const document of rest) console.log(`  L${level} ${describe(document)}`)
  }
}

function shareOf(verdicts: readonly { readonly problem: string }[]): string {
  const good = verdicts.filter(({ problem }) => problem === '').length
  const share = verdicts.length === 0 ? '' : ` (${Math.floor((100 * good) / verdicts.length)} %)`
  return `${good} of ${verdicts.length}${share}`
}

function describe({ title, problem }: DocumentVerdict): string {
  return problem.startsWith(title.split(':')[0] ?? '') ? problem : `${title}: ${problem}`
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
