// What forges pass on from anybody, in lengths that can be kept and shown. Pure.
import type { ListedPullRequest } from './forge.ts'
import { cut } from './text.ts'

const longest = { title: 200, label: 255, branch: 1_024, url: 2_048, login: 255 } as const
const mostLabels = 100

/** Of a list: members that are missing, or something else than expected, are as good as empty. */
export interface ForeignPullRequest {
  readonly number: unknown
  readonly title: unknown
  readonly branch: unknown
  readonly base: unknown
  readonly head: unknown
  readonly author: unknown
  readonly draft: unknown
  readonly labels: readonly unknown[] | null | undefined
  readonly fork: boolean
  readonly url: unknown
  readonly updatedAt: unknown
}

export function listed(foreign: ForeignPullRequest): ListedPullRequest {
  const { number, title, branch, base, head, author, draft, labels, fork, url, updatedAt } = foreign
  return {
    ...{ number: Number(number), draft: draft === true, fork },
    title: cut(textOf(title), longest.title),
    branch: textOf(branch).slice(0, longest.branch),
    base: textOf(base).slice(0, longest.branch),
    // In this form it is a part of names of refs and files.
    head: /^[0-9a-f]{40}$/.test(textOf(head)) ? textOf(head) : '',
    author: textOf(author).slice(0, longest.login),
    // A label that was cut would be another one.
    labels: (labels ?? [])
      .map(textOf)
      .filter(({ length }) => length > 0 && length <= longest.label)
      .slice(0, mostLabels),
    url: addressOf(textOf(url)),
    updatedAt: textOf(updatedAt).slice(0, 64),
  }
}

/** Whether it can be a part of a path: a name of GitHub, GitLab or Gitea, or that of a GitHub App, `name[bot]`. */
export function isLogin(login: string): boolean {
  return login.length <= longest.login && /^[\w.-]+(?:\[bot\])?$/.test(login) && !/^\.+$/.test(login)
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function addressOf(url: string): string {
  const isWeb = /^https?:\/\/[^\s<>"'`\\]+$/i.test(url)
  return isWeb && url.length <= longest.url ? url : ''
}
