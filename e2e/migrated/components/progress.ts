import Router from 'next/router'

/** What the router said, for the bar at the top of the page. */
export const log: string[] = []

Router.events.on('routeChangeStart', (url) => {
  log.push(`start ${url}`)
  document.documentElement.dataset.loading = 'yes'
})
Router.events.on('routeChangeComplete', (url) => {
  log.push(`complete ${url}`)
  delete document.documentElement.dataset.loading
})
Router.events.on('routeChangeError', (error, url) => {
  log.push(`error ${url}`)
  delete document.documentElement.dataset.loading
})
