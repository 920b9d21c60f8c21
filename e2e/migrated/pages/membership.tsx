import Router, { withRouter, type NextRouter } from 'next/router'
import { Component, type FormEvent } from 'react'

interface Props {
  router: NextRouter
}

class Membership extends Component<Props, { answer: string }> {
  state = { answer: '' }

  join = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const name = new FormData(event.currentTarget).get('name')
    const response = await fetch('/api/membership', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
    const { message } = await response.json()
    this.setState({ answer: message })
  }

  render() {
    return (
      <>
        <h1>Membership</h1>
        <p>You are at {this.props.router.pathname}</p>
        <form onSubmit={this.join}>
          <input name="name" aria-label="Name" />
          <button>Join</button>
        </form>
        <p role="status">{this.state.answer}</p>
        <button onClick={() => Router.push('/opening-hours')}>When?</button>
      </>
    )
  }
}

export default withRouter(Membership)
