import type { ModuleRunner } from 'vite/module-runner'

/**
 * Makes the runner forget the modules that threw while they were evaluated, so that the next request tries them again. It
 * would repeat their error until a file of theirs is edited, although the cause (a database that was not up yet) may be gone.
 */
export async function forgetFailedModules({ evaluatedModules }: ModuleRunner): Promise<void> {
  const modules = [...evaluatedModules.idToModuleMap.values()].filter(({ evaluated }) => evaluated)
  const results = await Promise.allSettled(modules.map((module) => Promise.resolve(module.promise)))
  for (const [index, module] of modules.entries()) {
    if (results[index]!.status === 'rejected') evaluatedModules.invalidateModule(module)
  }
}
