import { Component, type ReactNode } from 'react'
import { ApplicationError } from './defaults.tsx'
import type { View } from './view.ts'

interface BoundaryProps {
  view: View
  children: ReactNode
}

interface BoundaryState {
  view: View
  failed: boolean
}

/**
 * Without it an error in a page would take the whole document away. The next navigation gets a new chance.
 * React has error boundaries as classes only; on the server it does nothing.
 */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { view: this.props.view, failed: false }

  static getDerivedStateFromError(): Partial<BoundaryState> {
    return { failed: true }
  }

  static getDerivedStateFromProps({ view }: BoundaryProps, state: BoundaryState): BoundaryState | null {
    return view === state.view ? null : { view, failed: false }
  }

  override render(): ReactNode {
    return this.state.failed ? <ApplicationError /> : this.props.children
  }
}
