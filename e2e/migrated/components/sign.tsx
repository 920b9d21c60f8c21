import { forwardRef, type AnchorHTMLAttributes } from 'react'

const Sign = forwardRef<HTMLAnchorElement, AnchorHTMLAttributes<HTMLAnchorElement>>(function Sign(props, ref) {
  return <a {...props} ref={ref} data-sign="" />
})

export default Sign
