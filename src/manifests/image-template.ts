import { oneOf, quoted } from './found.ts'
import { imageFault } from './names.ts'

/** What a template of an image is filled with. Texts are foreign. */
export interface ImageTemplateValues {
  readonly number: number
  /** Full id of the commit. */
  readonly head: string
  readonly branch: string
}

type Placeholder = (values: ImageTemplateValues) => string

// The names that CI services have for them: GitLab's CI_COMMIT_SHORT_SHA has 8 digits, everybody else's 7.
const placeholders = {
  number: ({ number }) => `${number}`,
  sha: ({ head }) => head,
  shortSha: ({ head }) => head.slice(0, 7),
  shortSha8: ({ head }) => head.slice(0, 8),
  branchSlug: ({ branch }) => branchSlug(branch),
} as const satisfies Readonly<Record<string, Placeholder>>

const ofCommits = ['sha', 'shortSha', 'shortSha8']
const known = Object.keys(placeholders).map((name) => `{{${name}}}`)
const placeholder = /\{\{([^{}]*)\}\}/g

/** The image of a commit of a pull request. Whether it is one is not certain: see `imageFault`. */
export function filledTemplate(template: string, values: ImageTemplateValues): string {
  return template.replaceAll(placeholder, (text, name: string) =>
    Object.hasOwn(placeholders, name) ? placeholders[name as keyof typeof placeholders](values) : text,
  )
}

/** Each commit has an image of its own; else a push puts another image under the same name. */
export function namesCommit(template: string): boolean {
  return namesIn(template).some((name) => ofCommits.includes(name))
}

/** What is wrong with a template, whatever it is filled with; undefined: nothing. */
export function imageTemplateFault(template: string): string | undefined {
  const names = namesIn(template)
  const unknown = names.find((name) => !Object.hasOwn(placeholders, name))
  if (unknown !== undefined) return `expected ${oneOf(known)} only, found {{${unknown}}} in ${quoted(template)}`
  if (names.length === 0) {
    return `expected ${oneOf(known)} in it, as each pull request has an image of its own, found ${quoted(template)}`
  }
  const fill = (values: ImageTemplateValues) => filledTemplate(template, values)
  const least = fill({ number: 1, head: '0'.repeat(40), branch: 'a' })
  const most = fill({ number: 999_999_999, head: '0'.repeat(40), branch: 'a'.repeat(63) })
  if (imageFault(least) !== undefined || least.includes('@')) {
    return `expected an image without a digest, found ${quoted(template)}`
  }
  return imageFault(most) === undefined
    ? undefined
    : `expected a tag of at most 128 characters, found ${quoted(template)}`
}

/**
 * A branch as GitLab's CI writes it (CI_COMMIT_REF_SLUG), which others can: in small letters, with `-` for all but letters and digits, 63 at
 * most, none at its ends. Empty where nothing is left.
 */
function branchSlug(branch: string): string {
  const slug = branch.toLowerCase().replace(/[^a-z0-9]/g, '-')
  return slug.slice(0, 63).replace(/^-+|-+$/g, '')
}

function namesIn(template: string): string[] {
  return [...template.matchAll(placeholder)].map(([, name = '']) => name)
}
