import { lstat, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { checkManifests, renderIgnored } from '../manifests/check.ts'
import { capProblems, type Problem, renderProblem } from '../manifests/problem.ts'
import { type Doc, isManifestPath, readManifest } from '../manifests/read.ts'
import { type Arguments, UsageError } from './arguments.ts'

const longestFile = 1024 * 1024
const mostFiles = 10_000

/** Checks manifests on disk as a commit would be checked; needs neither Git nor Docker. */
export async function validate(args: Arguments): Promise<number> {
  if (args.operands.length === 0) throw new UsageError('validate: expected files or folders, found none')
  const files: string[] = []
  for (const operand of args.operands) await collect(operand, true, files)
  const documents: Doc[] = []
  const problems: Problem[] = []
  for (const file of files) {
    const { size } = await lstat(file)
    if (size > longestFile) {
      problems.push({ file, line: 0, path: '', message: `expected at most ${longestFile} bytes, found ${size}` })
      continue
    }
    const read = readManifest({ path: file, bytes: await readFile(file) })
    documents.push(...read.documents)
    problems.push(...read.problems)
  }
  const checked = checkManifests(documents, {
    namespace: args.namespace ?? 'default',
    podSecurity: args.podSecurity ?? 'baseline',
  })
  return report(args, files.length, [...problems, ...checked.problems], checked)
}

function report(
  args: Arguments,
  files: number,
  problems: readonly Problem[],
  checked: ReturnType<typeof checkManifests>,
): number {
  if (args.output === 'json') {
    process.stdout.write(
      `${JSON.stringify({ files, objects: checked.objects.size, problems, warnings: checked.warnings, ignored: checked.ignored }, null, 2)}\n`,
    )
    return problems.length === 0 ? 0 : 1
  }
  for (const problem of capProblems(problems)) process.stdout.write(`${renderProblem(problem)}\n`)
  for (const warning of checked.warnings) process.stdout.write(`${renderProblem(warning)} (warning)\n`)
  for (const ignored of checked.ignored) process.stdout.write(`${renderIgnored(ignored)}\n`)
  const found = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem')
  process.stdout.write(`${counted(checked.objects.size, 'object')} in ${counted(files, 'file')}: ${found}\n`)
  return problems.length === 0 ? 0 : 1
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Links are not followed, as in a repository; a file named by the caller is read whatever it is called. */
async function collect(path: string, named: boolean, files: string[]): Promise<void> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw new UsageError(`validate: cannot read ${path}`, { cause: error })
  })
  if (stat.isDirectory()) {
    for (const name of (await readdir(path)).sort())
      if (!name.startsWith('.')) await collect(join(path, name), false, files)
  } else if (stat.isFile() && (named || isManifestPath(basename(path)))) {
    files.push(path)
    if (files.length > mostFiles) throw new UsageError(`validate: more than ${mostFiles} files; name a smaller folder`)
  } else if (stat.isSymbolicLink() && isManifestPath(basename(path))) {
    throw new UsageError(`validate: ${path} is a link; a commit with it would be refused`)
  }
}
