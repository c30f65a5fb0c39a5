import { escapedMarkdown, inCode } from './escape.ts'

/** Of a preview whose images CI makes. */
export interface ImageFacts {
  /** With their digests; empty: there is none yet. */
  readonly used: readonly string[]
  /** What its newest commit waits for; empty: nothing. */
  readonly waits: string
  /** Since when, ms, where that is longer than an image should take. */
  readonly lateSince: number | undefined
}

/** What the commit is told that has to wait for its images. */
export function imageStatusWords({ waits, lateSince }: Omit<ImageFacts, 'used'>) {
  if (lateSince === undefined) return { state: 'pending', description: `Waits: ${waits}` } as const
  return { state: 'failure', description: `No image since ${timeText(lateSince)}: ${waits}` } as const
}

/** What the comment says of images, after the line of the commit. */
export function imageBlocks(images: ImageFacts | undefined): string[] {
  if (!images) return []
  const { used, waits, lateSince } = images
  const late =
    waits === '' || lateSince === undefined
      ? []
      : [
          `It has waited since ${timeText(lateSince)}: did CI fail? It comes all the same once the registry has the image.`,
        ]
  return [...late, ...(used.length === 0 ? [] : [used.map((image) => `- image ${inCode(image)}`).join('\n')])]
}

/** `Commit … is to follow`, and why it does not yet. */
export function followText(newest: string | undefined, waits: string): string {
  if (newest === undefined) return ''
  const why = waits === '' ? '' : `: ${escapedMarkdown(waits.slice(0, 1_000))}`
  return ` Commit ${inCode(newest.slice(0, 7))} is to follow${why}.`
}

/** `2026-11-22 12:00 UTC`: a time that does not pass, as each edit would be one. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
