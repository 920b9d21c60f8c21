import type { Plugin } from 'vite'
import { toName } from './name.ts'

/** Says that `<style jsx>` is not compiled, where a page has it: its rules would hold for the whole page. */
export function nextStyledJsxPlugin(): Plugin {
  return {
    name: 'isr:next-styled-jsx',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name === 'ssr',
    transform: {
      filter: { id: { include: /\.[jt]sx?$/, exclude: /\/node_modules\// }, code: /<style\s+(?:global\s+)?jsx\b/ },
      handler(_code, id) {
        const { logger, root } = this.environment.config
        logger.warnOnce(
          `[vite-plugin-isr] ${toName(id, root)} has <style jsx>, which nothing compiles: its rules hold for the whole page. ` +
            'Use a CSS module, or add a plugin that compiles styled-jsx.',
        )
      },
    },
  }
}
