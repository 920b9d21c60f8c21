import type { RunnableDevEnvironment } from 'vite'

/**
 * Makes the server forget the modules that threw while they were evaluated, so that the next request tries them again. It
 * would repeat their error until a file of theirs is edited, although the cause (a database that was not up yet, an import
 * of a file that is there now) may be gone.
 */
export async function forgetFailedModules({
  runner: { evaluatedModules },
  moduleGraph,
}: Pick<RunnableDevEnvironment, 'runner' | 'moduleGraph'>): Promise<void> {
  const modules = [...evaluatedModules.idToModuleMap.values()].filter(({ evaluated }) => evaluated)
  const results = await Promise.allSettled(modules.map((module) => Promise.resolve(module.promise)))
  for (const [index, module] of modules.entries()) {
    if (results[index]!.status !== 'rejected') continue
    evaluatedModules.invalidateModule(module)
    const source = moduleGraph.getModuleById(module.id)
    if (source) moduleGraph.invalidateModule(source)
  }
}
