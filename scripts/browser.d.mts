export const packedBrowserFolder: string
export function listBrowsers(): Promise<string[]>
export function rememberBrowser(executablePath: string): void
export function findBrowser(): Promise<string | undefined>
