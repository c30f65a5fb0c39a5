/**
 * Ends the command because something is missing that only the user can provide.
 * @param {string} problem
 * @param {string} nextStep
 * @returns {never}
 */
export function stop(problem, nextStep) {
  console.error(`berth: ${problem}\n       ${nextStep}`)
  process.exit(2)
}
