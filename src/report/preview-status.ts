import { renderProblem } from '../manifests/problem.ts'
import { imageStatusWords } from './image-words.ts'
import type { PreviewReport } from './preview-comment.ts'

/** What the commit of a pull request is told of its preview: one line, plain text. */
export interface PreviewStatusWords {
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  readonly description: string
  /** Absent: no link. */
  readonly url?: string | undefined
}

/** The commit that the words are of: the newest. */
export function statusCommit({ head, newest }: PreviewReport): string {
  return newest ?? head
}

/** Undefined: there is nothing to say, or no commit. */
export function previewStatusWords(report: PreviewReport): PreviewStatusWords | undefined {
  const { is, reason, addresses } = report
  if (statusCommit(report) === '') return undefined
  const { images } = report
  const waits = images?.waits || (report.newest === undefined ? '' : reason)
  if (waits !== '' && is !== 'unapproved') return imageStatusWords({ waits, lateSince: images?.lateSince })
  switch (is) {
    case 'unapproved':
      return { state: 'pending', description: `Waits for an approval: ${reason}` }
    case 'queued':
      return { state: 'pending', description: `Waits: ${reason}` }
    case 'awake':
    case 'asleep': {
      const words = runningWords(report)
      if (words.state !== 'success') return words
      const url = addresses.find(({ known }) => known)?.url
      const link = url === undefined ? {} : { url }
      return is === 'awake' ? { ...words, ...link } : { ...words, description: `Sleeps: ${reason}`, ...link }
    }
    // What was decided of the commit stays; what was not never will be.
    default:
      return undefined
  }
}

/** Of a commit that was still pending when it ceased to matter. */
export function overtakenWords(reason: string): PreviewStatusWords {
  return { state: 'error', description: `${reason} before everything was there` }
}

function runningWords({ status, isOfHead }: PreviewReport): PreviewStatusWords {
  if (!status) return { state: 'pending', description: 'Is being made' }
  const { sync, health, problems, message, objects } = status
  if (sync === 'Refused') return { state: 'failure', description: refusedText(problems.map(renderProblem), message) }
  if (!isOfHead)
    return { state: 'pending', description: sync === 'Unknown' && message !== '' ? message : 'Is being made' }
  if (health === 'Degraded') return { state: 'failure', description: `Degraded: ${message}` }
  const isWell = health === 'Healthy' || health === 'Suspended'
  // Not whether it is synced: that is unknown while the repository is away, and of no interest once its commit is there.
  if (isWell && sync !== 'OutOfSync') {
    const count = objects.length
    return { state: 'success', description: `Healthy: ${count} ${count === 1 ? 'object' : 'objects'}` }
  }
  return { state: 'pending', description: 'Is being made' }
}

function refusedText([first, ...more]: readonly string[], message: string): string {
  if (first === undefined) return `Refused: ${message}`
  return `Refused: ${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`
}
