import fs from 'fs'
import Document, { Head, Html, Main, NextScript, type DocumentContext, type DocumentInitialProps } from 'next/document'

const chooseTheme = `document.documentElement.dataset.theme = localStorage.getItem('theme') || 'day'`

export default class MyDocument extends Document<{ collected: string }> {
  static async getInitialProps(ctx: DocumentContext): Promise<DocumentInitialProps & { collected: string }> {
    const originalRenderPage = ctx.renderPage
    const names: string[] = []
    ctx.renderPage = () =>
      originalRenderPage({
        enhanceApp: (App) =>
          function Collected(props) {
            names.push('app')
            return <App {...props} />
          },
        enhanceComponent: (Component) => Component,
      })
    const initialProps = await Document.getInitialProps(ctx)
    const rules = fs.existsSync('content/books.json') ? '.from-document{color:rgb(1,2,3)}' : ''
    return {
      ...initialProps,
      collected: names.join(),
      styles: (
        <>
          {initialProps.styles}
          <style data-collected={ctx.pathname} dangerouslySetInnerHTML={{ __html: rules }} />
        </>
      ),
    }
  }

  render() {
    return (
      <Html lang="en" data-collected={this.props.collected} suppressHydrationWarning>
        <Head>
          <script dangerouslySetInnerHTML={{ __html: chooseTheme }} />
          <link rel="preconnect" href="https://covers.example" />
        </Head>
        <body className="library">
          <Main />
          <div id="modal-root" />
          <NextScript />
        </body>
      </Html>
    )
  }
}
