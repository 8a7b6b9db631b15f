"""How the reader asks Azure: sign-in, transport, pacing, retries."""
