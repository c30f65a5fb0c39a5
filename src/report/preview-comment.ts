import { renderProblem } from '../manifests/problem.ts'
import { type DiffItem, effectOf, effects, renderDiff } from './diff.ts'
import { codeBlock, escapedMarkdown, inCode } from './escape.ts'
import { followText, type ImageFacts, imageBlocks, timeText } from './image-words.ts'
import { commentMark, toldName } from './preview-mark.ts'
import type { AppStatus, PreviewRow } from './status.ts'

/** What a pull request is told of its preview, and of what its merge would do. */
export interface PreviewReport {
  readonly app: string
  /** Name of the Engine. */
  readonly engine: string
  /** `pr-12` */
  readonly id: string
  /** Commit of the pull request that this speaks of; empty: none yet. */
  readonly head: string
  /** A newer one, which cannot have a preview yet; undefined: there is none. */
  readonly newest: string | undefined
  /** Absent: its images are those of the manifests. */
  readonly images?: ImageFacts | undefined
  readonly is: PreviewRow['is']
  /** Why it is not awake; empty when it is. */
  readonly reason: string
  /** How many wait before it; undefined: it does not wait for its turn. */
  readonly ahead: number | undefined
  /** With which label somebody who may write lets it run. */
  readonly approveLabel: string
  /** It has no Secrets and no way out. */
  readonly untrusted: boolean
  /** What was there before is still being removed. */
  readonly leaving: boolean
  readonly addresses: readonly PreviewAddress[]
  /** Of the preview; undefined: there is none. */
  readonly status: AppStatus | undefined
  /** What it says, it says of `head`, and not of what was before it. */
  readonly isOfHead: boolean
  readonly plan: MergePlan | undefined
  /** Since when the preview is there: ms. */
  readonly since: number | undefined
}

export interface PreviewAddress {
  /** `http://pr-12.shop.example.com` */
  readonly url: string
  /** Follows from production, or from somebody who may write: it is no name that a stranger chose. */
  readonly known: boolean
}

/** What would happen in production if the pull request were merged now. */
export interface MergePlan {
  /** Head of the target branch that it was made for. */
  readonly base: string
  /** That branch has moved since. */
  readonly stale: boolean
  /** Of production, as it would be after the merge: refused, or with items. */
  readonly apps: readonly AppStatus[]
  readonly items: readonly DiffItem[]
  /** It cannot be merged: files that both sides have changed, safe to print. */
  readonly conflicts?: readonly string[] | undefined
  /** Why it is not known what the merge would be; empty or absent: it is known. */
  readonly unknown?: string | undefined
  /** Not of a merge: of a release of the images of the pull request. */
  readonly ofImages?: boolean
}

/** Forges take 65,536 characters; some count bytes. */
const most = 60_000
const mostOfObjects = 20_000
const mostOfLists = 6_000
const shortTable = 8
const shortPlan = 40

/** The comment, whole. No longer than forges take. */
export function renderPreviewComment(report: PreviewReport): string {
  const blocks = [...headBlocks(report), ...statusBlocks(report)]
  const before = [commentMark(report.app, report.engine), blocks.join('\n\n')].join('\n')
  const plan = planBlocks(report.plan, most - before.length - 1_000)
  return [before, ...plan].join('\n\n').trimEnd()
}

/** The last words, once the pull request is closed and nothing of its preview is left. `at`: when that was seen, ms. */
export function renderClosedComment({ app, engine }: Pick<PreviewReport, 'app' | 'engine'>, id: string, at: number) {
  const what = 'It is closed or merged. Its preview was removed, with its volumes, networks and all data in them.'
  const title = `### ${escapedMarkdown(toldName(app, engine))} ${id} is gone`
  return [commentMark(app, engine), title, '', `${timeText(at)}: ${what}`].join('\n')
}

const titles: Readonly<Record<PreviewReport['is'] | 'turn' | 'image', string>> = {
  awake: 'runs',
  asleep: 'sleeps',
  queued: 'waits',
  turn: 'waits for its turn',
  image: 'waits for its image',
  unapproved: 'waits for an approval',
  none: 'has no preview',
  ending: 'ends: its hooks are run before it is removed',
}

function headBlocks(report: PreviewReport): string[] {
  const { app, engine, id, head, newest, reason, images, addresses, since, status } = report
  const commit = head === '' ? 'No commit yet' : `Commit ${inCode(head.slice(0, 7))}`
  const age = since === undefined || status === undefined ? '' : `; preview since ${timeText(since)}`
  // Of one that is there the reason is that of the newer commit, unless it sleeps.
  const waits = images?.waits ?? reason
  const isOfNewest = newest !== undefined && reason === waits
  const why = reason === '' || isOfNewest ? '.' : `: ${escapedMarkdown(reason.slice(0, 1_000))}.`
  const urls = addresses.map(({ url, known }) => `- ${known ? url : inCode(url)}`)
  return [
    `### ${escapedMarkdown(toldName(app, engine))} ${id} ${titleOf(report)}`,
    ...(urls.length === 0 ? [] : [urls.slice(0, 20).join('\n')]),
    `${commit}${age}${why}${followText(newest, waits)}`,
    ...imageBlocks(images),
    ...nextBlocks(report),
  ]
}

function titleOf(report: PreviewReport): string {
  const { is, ahead, images } = report
  if (is === 'awake') return awakeTitle(report)
  if (is !== 'queued') return titles[is]
  return titles[ahead !== undefined ? 'turn' : images?.waits ? 'image' : is]
}

function awakeTitle({ status, isOfHead }: PreviewReport): string {
  if (status?.sync === 'Refused') return status.commit === '' ? 'is refused' : 'is refused: what ran before goes on'
  if (!status || !isOfHead) return 'is being made'
  return status.health === 'Missing' ? 'is being made' : `runs: ${status.health}`
}

/** What somebody can do about it. */
function nextBlocks(report: PreviewReport): string[] {
  const { app, id, is, head, reason, ahead, approveLabel, untrusted, leaving, addresses } = report
  const command = (verb: string) => inCode(`berth preview ${verb} ${app} ${id}`)
  switch (is) {
    case 'unapproved':
      return approvalBlocks(head, approveLabel)
    case 'queued':
      return ahead === undefined ? [] : [`${aheadText(ahead)} It comes as soon as there is room.`]
    case 'asleep':
      return ['It has no pods, but all of its data.', wakeText(reason, command('wake'), addresses.length > 0)]
    case 'none':
      return [leaving ? 'What there was is being removed.' : 'Nothing of it is left.', ...againBlocks(reason)]
    case 'awake':
      return untrusted
        ? [`It ${confined}, as it is from somebody who may not write to this repository, or from a fork.`]
        : []
    default:
      return []
  }
}

const confined = 'has no Secrets, and reaches nothing outside of itself'

/** As admission says why there is none. */
function againBlocks(reason: string): string[] {
  return reason.startsWith('nothing was pushed') ? ['The next push makes it anew.'] : []
}

/** As admission says why it sleeps. */
function wakeText(reason: string, command: string, isReached: boolean): string {
  if (reason.startsWith('it has the label')) return 'It wakes when the label is taken away.'
  if (reason === 'it was put to sleep') return `${command} or a push wakes it.`
  if (reason !== 'nobody used it') return 'It wakes when there is room; of those that wait, the last used goes first.'
  return isReached
    ? `The first request to its address wakes it, and is answered once it is ready. So do ${command} and a push.`
    : `${command} or a push wakes it.`
}

function approvalBlocks(head: string, label: string): string[] {
  return [
    'Nothing of it runs before somebody who may write to this repository has looked at the commit and approves it:',
    [
      `- by a comment whose first line is ${inCode(`/berth approve ${head}`)}`,
      `- or by the label ${inCode(label)}; after a later push it is to be taken away and given again`,
    ].join('\n'),
    `Approved, it still ${confined}.`,
  ]
}

/** Coarse where it is many: each change is an edit. */
function aheadText(ahead: number): string {
  if (ahead === 0) return 'It is the next.'
  const step = [100, 50, 20, 10, 5].find((one) => ahead > one)
  const count = step === undefined ? String(ahead) : `More than ${step}`
  return `${count} ${ahead === 1 ? 'is' : 'are'} before it.`
}

function statusBlocks({ status, isOfHead, is }: PreviewReport): string[] {
  if (!status || is === 'none' || is === 'unapproved' || is === 'queued') return []
  const refused = status.sync === 'Refused'
  const isOld = status.commit !== '' && !isOfHead
  const running = isOld ? [`Of commit ${inCode(status.commit.slice(0, 7))} there is:`] : []
  return [
    ...messageBlocks(status, isOfHead),
    ...(refused ? listBlock(status.problems.map(renderProblem)) : []),
    ...(status.objects.length > 0 ? running : []),
    ...objectBlocks(status.objects),
    ...ignoredBlocks(status.ignored),
  ]
}

/** That a repository is away for a while is no news of a commit that was read. */
function messageBlocks({ message, sync, objects, problems }: AppStatus, isOfHead: boolean): string[] {
  if (message === '' || (sync === 'Unknown' && isOfHead)) return []
  // The title and the problems say the same.
  if (sync === 'Refused' && problems.length > 0) return []
  const isThere = objects.some(({ kind, name, message: own }) => message === `${kind} ${name}: ${own}`)
  return isThere ? [] : [inCode(message, 1_000)]
}

function listBlock(lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  return [
    within(
      lines.map((line) => `- ${inCode(line, 500)}`),
      mostOfLists,
      '- ',
    ).join('\n'),
  ]
}

function ignoredBlocks(lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  const one = lines.length === 1
  return [folded(`${lines.length} ${one ? 'thing is' : 'things are'} left out`, listBlock(lines))]
}

type Shown = AppStatus['objects'][number]

/** What is not healthy comes first; what is well is folded away when it is much. */
function objectBlocks(objects: readonly Shown[]): string[] {
  if (objects.length === 0) return []
  const isWell = ({ health }: Shown) => health === 'Healthy'
  const [well, ill] = [objects.filter(isWell), objects.filter((object) => !isWell(object))]
  if (objects.length <= shortTable) return [table([...ill, ...well])]
  const all = folded(`${well.length} healthy ${well.length === 1 ? 'object' : 'objects'}`, [table(well)])
  return [...(ill.length === 0 ? [] : [table(ill)]), ...(well.length === 0 ? [] : [all])]
}

function table(objects: readonly Shown[]): string {
  const rows = objects.map(({ kind, name, health, ready, message }) => {
    // Cells are told apart before spans of code are, and by rules of their own for what stands before a bar.
    const cell = (text: string) => inCode(text).replaceAll('|', '¦')
    return `| ${[cell(`${kind} ${name}`), health, escapedMarkdown(ready), cell(message)].join(' | ')} |`
  })
  return ['| object | health | ready | message |', '|---|---|---|---|', ...within(rows, mostOfObjects, '| ')].join('\n')
}

function planBlocks(plan: MergePlan | undefined, longest: number): string[] {
  if (!plan) return []
  const { base, stale, apps, items, ofImages } = plan
  const branch = ofImages ? 'the branch of the manifests' : 'the target branch'
  const moved = stale ? ` (${branch}, which has moved since; this is being worked out anew)` : ''
  const on = `On ${inCode(base.slice(0, 7))}${moved}`
  const obstacle = obstacleTo(plan)
  const title = `#### What ${ofImages ? 'a release of its image' : 'the merge'} would change in production`
  const follows = ofImages
    ? ' The merge itself changes nothing there: production follows once its manifests name an image of this commit.'
    : ''
  if (obstacle !== '') return [title, `${on}: ${obstacle}.${follows}`]
  const effect = apps.some(({ sync }) => sync === 'Refused')
    ? 'production would refuse it, and go on as it is'
    : items.every(({ tasks }) => tasks.length === 0)
      ? 'nothing'
      : effects[effectOf(items.flatMap(({ tasks }) => tasks))]
  const lines = within(renderDiff(apps, items).split('\n'), longest, '')
  const block = codeBlock(lines).join('\n')
  return [title, `${on}: **${effect}**.${follows}`, lines.length <= shortPlan ? block : folded('All steps', [block])]
}

/** Why nothing can be said of what it would change; empty: something can. */
function obstacleTo({ conflicts = [], unknown = '' }: MergePlan): string {
  if (conflicts.length > 0) {
    const shown = within(
      conflicts.map((file) => inCode(file)),
      mostOfLists,
      '',
    ).join(', ')
    return `**it cannot be merged**: conflicts in ${shown}`
  }
  return unknown === '' ? '' : `**not known**: ${escapedMarkdown(unknown)}`
}

function folded(title: string, blocks: readonly string[]): string {
  return [`<details><summary>${title}</summary>`, ...blocks, '</details>'].join('\n\n')
}

/** As many of the lines as there is room for, and how many more there are. */
function within(lines: readonly string[], longest: number, begin: string): string[] {
  let length = 0
  const fits = lines.findIndex((line) => {
    // Signs that mark what is foreign come on top.
    length += line.length + 8
    return length > longest
  })
  return fits < 0 ? [...lines] : [...lines.slice(0, fits), `${begin}… and ${lines.length - fits} more`]
}
