// A repository in which other images stand in the manifests, as a release of these would put them there. Part of the corridor beside engine.ts.
import { sha256, stableText } from './base/hash.ts'
import { withOtherImages } from './manifests/image-edit.ts'
import { isManifestPath } from './manifests/read.ts'
import { imageName } from './preview/images.ts'
import { FollowingRepository } from './sync/following.ts'
import type { Commit, FileRef, Merged, Repository, Snapshot } from './sync/port.ts'

/** Name without tag -> image. */
export type Images = Readonly<Record<string, string>>

interface Release {
  readonly base: string
  readonly images: Images
}

/** How many of its commits are known at a time. */
const most = 20

/**
 * As the repository it is made from, which keeps the head. What is merged are not commits but images, by a name that `imagesOf` knows: the
 * commit that comes of it is nowhere but here.
 */
export class ImagedRepository extends FollowingRepository {
  readonly #base: Repository
  readonly #path: string
  readonly #imagesOf: (head: string) => Images | undefined
  readonly #releases = new Map<string, Release>()
  /** Whether a file names one of the images, by its id: most files are those of the commit before. */
  #names = new Map<string, boolean>()
  /** Snapshots that the base does not know. */
  readonly #made = new WeakSet<Snapshot>()
  /** Edited file -> what it was made of. */
  readonly #edited = new Map<string, FileRef & Pick<Release, 'images'>>()

  constructor(base: Repository, path: string, imagesOf: (head: string) => Images | undefined) {
    super(base)
    this.#base = base
    this.#path = path
    this.#imagesOf = imagesOf
  }

  override async merge(onto: string, head: string): Promise<Merged> {
    const images = this.#imagesOf(head)
    if (!images) return { kind: 'unknown', reason: 'its images are not known any more' }
    // Printed short, it is the commit of the manifests.
    const oid = `${onto.slice(0, 12)}${idOf('release', onto, images).slice(12)}`
    this.#releases.delete(oid)
    this.#releases.set(oid, { base: onto, images })
    this.#forget()
    const { files } = await this.snapshot(oid, this.#path)
    if (files.some((file) => this.#edited.has(file.oid))) return { kind: 'merged', oid }
    return { kind: 'unknown', reason: 'no manifest names the image' }
  }

  override async snapshot(oid: string, path: string, previous?: Snapshot): Promise<Snapshot> {
    const release = this.#releases.get(oid)
    if (!release) return this.#plain(oid, path, previous)
    const base = await this.#base.snapshot(release.base, path)
    await this.#learn(base.files, release.images)
    const files = base.files.map((file) => (this.#names.get(file.oid) ? this.#edit(file, release.images) : file))
    const [commit, tree] = [{ ...base.commit, oid }, idOf('tree', base.tree, release.images)]
    const snapshot = { commit, tree, files, changed: changedIn(files, previous) }
    this.#made.add(snapshot)
    return snapshot
  }

  override async read(files: readonly FileRef[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const contents = await this.#base.read(files.map((file) => this.#edited.get(file.oid) ?? file))
    const result = new Map<string, Uint8Array>()
    for (const { oid } of files) {
      const made = this.#edited.get(oid)
      const bytes = contents.get(made?.oid ?? oid)
      if (bytes) result.set(oid, (made && edited(bytes, made.images)) ?? bytes)
    }
    return result
  }

  override async commit(oid: string): Promise<Commit> {
    const release = this.#releases.get(oid)
    return release ? { ...(await this.#base.commit(release.base)), oid } : this.#base.commit(oid)
  }

  override async resolve(revision: string): Promise<string> {
    return this.#releases.has(revision) ? revision : this.#base.resolve(revision)
  }

  override async between(from: string | undefined, to: string, limit: number): Promise<Commit[]> {
    return this.#base.between(from, this.#releases.get(to)?.base ?? to, limit)
  }

  override async treeOf(oid: string, path: string): Promise<string | undefined> {
    return this.#base.treeOf(this.#releases.get(oid)?.base ?? oid, path)
  }

  async #plain(oid: string, path: string, previous: Snapshot | undefined): Promise<Snapshot> {
    if (!previous || !this.#made.has(previous)) return this.#base.snapshot(oid, path, previous)
    const snapshot = await this.#base.snapshot(oid, path)
    return { ...snapshot, changed: changedIn(snapshot.files, previous) }
  }

  #forget(): void {
    for (const [old] of [...this.#releases].slice(0, -most)) this.#releases.delete(old)
    const kept = new Set([...this.#releases.values()].map(({ images }) => images))
    for (const [oid, { images }] of this.#edited) if (!kept.has(images)) this.#edited.delete(oid)
  }

  async #learn(files: readonly FileRef[], images: Images): Promise<void> {
    const known = this.#names
    const unknown = files.filter(({ oid, path }) => isManifestPath(path) && !known.has(oid))
    const contents = await this.#base.read(unknown)
    for (const { oid } of unknown) known.set(oid, edited(contents.get(oid) ?? new Uint8Array(), images) !== undefined)
    this.#names = new Map(files.flatMap(({ oid }) => (known.has(oid) ? [[oid, known.get(oid)!] as const] : [])))
  }

  #edit(file: FileRef, images: Images): FileRef {
    const oid = idOf('file', file.oid, images)
    this.#edited.set(oid, { ...file, images })
    return { ...file, oid }
  }
}

function idOf(kind: string, of: string, images: Images): string {
  return sha256(stableText([kind, of, images])).slice(0, 40)
}

function changedIn(files: readonly FileRef[], previous: Snapshot | undefined): string[] {
  const before = new Map(previous?.files.map(({ path, oid }) => [path, oid]))
  const now = new Set(files.map(({ path }) => path))
  const changed = files.filter(({ path, oid }) => before.get(path) !== oid).map(({ path }) => path)
  return [...changed, ...[...before.keys()].filter((path) => !now.has(path))]
}

/** Undefined: it names none of the images. */
function edited(bytes: Uint8Array, images: Images): Uint8Array | undefined {
  const text = new TextDecoder().decode(bytes)
  const names = new Map(Object.entries(images).map(([image, by]) => [imageName(image), by]))
  // Most files name no image at all.
  if (![...names.keys()].some((name) => text.includes(name.slice(name.lastIndexOf('/') + 1)))) return undefined
  const other = withOtherImages(text, (image) => names.get(imageName(image)))
  return other === undefined ? undefined : new TextEncoder().encode(other)
}
