import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node, parseAllDocuments } from 'yaml'

/** What takes the place of an image; undefined: nothing does. */
export type OtherImage = (image: string) => string | undefined

interface Place {
  readonly from: number
  readonly to: number
  readonly image: string
}

/**
 * A manifest with other images in its containers, as somebody would edit it: all else is as it was, to the letter. Undefined: it names none
 * of them. Of texts that were read without a problem only.
 */
export function withOtherImages(text: string, other: OtherImage): string | undefined {
  const places = imagesAt(text).flatMap(({ image, ...place }) => {
    const by = other(image)
    return by === undefined ? [] : [{ ...place, by }]
  })
  if (places.length === 0) return undefined
  // From the end, so that what comes before stays where it is.
  return places
    .sort((a, b) => b.from - a.from)
    .reduce((edited, { from, to, by }) => {
      const end = edited.slice(from, to).endsWith('\n') ? '\n' : ''
      return `${edited.slice(0, from)}${JSON.stringify(by)}${end}${edited.slice(to)}`
    }, text)
}

function imagesAt(text: string): Place[] {
  return parseAllDocuments(text).flatMap((document) => {
    const found: Place[] = []
    const note = (node: unknown) => {
      const value = isAlias(node) ? node.resolve(document) : node
      const range = (node as Node | undefined)?.range
      if (range && isScalar(value) && typeof value.value === 'string') {
        found.push({ from: range[0], to: range[1], image: value.value })
      }
    }
    visitContainers(document.contents, note)
    return found
  })
}

function visitContainers(node: unknown, note: (image: unknown) => void): void {
  if (!isCollection(node)) return
  for (const item of node.items) {
    if (!isPair(item)) {
      visitContainers(item, note)
      continue
    }
    const isList = isScalar(item.key) && (item.key.value === 'containers' || item.key.value === 'initContainers')
    if (isList && isSeq(item.value)) for (const one of item.value.items) if (isMap(one)) note(one.get('image', true))
    visitContainers(item.value, note)
  }
}
