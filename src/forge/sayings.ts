// What somebody has said about whether a pull request may run. Pure.
import type { SaidApproval } from './forge.ts'

/** A label was put there, or taken away. */
export interface LabelEvent {
  readonly id: number
  readonly label: string
  readonly added: boolean
  /** Login; empty: an account that is gone. */
  readonly by: string
  /** As the forge writes it. */
  readonly at: string
}

export interface Comment {
  readonly id: number
  readonly by: string
  readonly text: string
  /** As the forge writes them. */
  readonly createdAt: string
  readonly updatedAt: string
}

const approve = /^\/berth approve(?: ([0-9a-f]{7,40}))?$/
/** Forges write a comment down in more than one step. */
const sameTimeMs = 1_000

/** By whoever put the label there last, if nobody took it away since. */
export function saidByLabel(events: readonly LabelEvent[], label: string): readonly SaidApproval[] {
  const about = events.filter((event) => event.label === label)
  const last = about.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id).at(-1)
  return last?.added ? [{ id: `label-${last.id}`, by: last.by, commit: undefined }] : []
}

/** By comments whose first line is `/berth approve`, or the same with a commit. One that was edited may be of anything. */
export function saidByComments(comments: readonly Comment[]): readonly SaidApproval[] {
  return comments.flatMap((comment) => {
    const found = approve.exec(firstLine(comment.text).trimEnd())
    if (!found || isEdited(comment)) return []
    return [{ id: `comment-${comment.id}`, by: comment.by, commit: found[1] }]
  })
}

export function firstLine(text: string): string {
  const end = text.search(/[\r\n]/)
  return end < 0 ? text : text.slice(0, end)
}

function isEdited({ createdAt, updatedAt }: Comment): boolean {
  const ms = Date.parse(updatedAt) - Date.parse(createdAt)
  // What is not a time is no proof.
  return !(ms <= sameTimeMs)
}
