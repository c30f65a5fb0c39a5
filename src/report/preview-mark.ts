/** An Engine of this name leaves it out of what pull requests are told: of most repositories there is one. */
const usualEngine = 'production'

/** How pull requests are told of an application: `shop`, `staging/shop`. */
export function toldName(app: string, engine: string): string {
  return engine === usualEngine ? app : `${engine}/${app}`
}

/** By which a comment is found again, to be edited in place: each installation has its own. */
export function commentMark(app: string, engine: string): string {
  return `<!-- berth preview of ${plain(app)} by ${plain(engine)} -->`
}

/** Of a version that knew no installations: whoever finds it first has it. */
export function olderCommentMark(app: string): string {
  return `<!-- berth preview of ${plain(app)} -->`
}

function plain(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '')
}
