import type { DocumentProps } from 'vite-plugin-isr/client'
import { useRouter } from 'vite-plugin-isr/client'

export default function Document({ children }: DocumentProps) {
  const { basePath } = useRouter()
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbf8f1" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0f1a20" />
        <link rel="icon" type="image/svg+xml" href={`${basePath}/favicon.svg`} />
      </head>
      <body>{children}</body>
    </html>
  )
}
