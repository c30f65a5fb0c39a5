import { checkManifests } from '../../src/manifests/check.ts'
import { renderProblem } from '../../src/manifests/problem.ts'
import { readManifest } from '../../src/manifests/read.ts'
import { documentsOf, type Folder } from './folders.ts'
import { levelOf } from './levels.ts'

/** What Berth says of one document, alone. */
export interface DocumentVerdict {
  readonly folder: string
  readonly title: string
  readonly level: number
  /** What brought it to its level. */
  readonly because: string
  /** Empty: accepted. */
  readonly problem: string
}

export interface FolderVerdict {
  readonly folder: Folder
  readonly level: number
  readonly documents: readonly DocumentVerdict[]
  /** First problem of the folder as a whole; empty: accepted. */
  readonly problem: string
}

/** Reads and checks a folder as `berth validate` does, document by document and as a whole. */
export function checkFolder(folder: Folder): FolderVerdict {
  const documents = folder.files.flatMap((file) => checkFile(folder, file))
  const read = folder.files.map((file) => readManifest(file))
  const checked = checkManifests(
    read.flatMap((one) => one.documents),
    { namespace: 'default', podSecurity: 'privileged' },
  )
  const [first] = [...read.flatMap((one) => one.problems), ...checked.problems]
  return {
    folder,
    level: Math.max(0, ...documents.map(({ level }) => level)),
    documents,
    problem: first ? renderProblem(first) : '',
  }
}

function checkFile(folder: Folder, file: Folder['files'][number]): DocumentVerdict[] {
  const read = readManifest(file)
  const plain = documentsOf(file)
  if (read.problems.length > 0) {
    const problem = renderProblem(read.problems[0]!)
    const things = plain.map(levelOf)
    const level = Math.max(0, ...things.map((thing) => thing.level))
    return [{ folder: folder.path, title: file.path, level, because: 'file', problem }]
  }
  return read.documents.map((document) => {
    const { problems } = checkManifests([document], { namespace: 'default', podSecurity: 'privileged' })
    const { level, what } = levelOf(document.value)
    const title = `${file.path}: ${document.kind}`
    return { folder: folder.path, title, level, because: what, problem: problems[0] ? renderProblem(problems[0]) : '' }
  })
}
