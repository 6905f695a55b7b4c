"""Mail: what is to be sent waits in the database, and is sent in the background.

`outbox.send_later` is all that others call. Nobody waits for a mail server, and where none is set
there is no mail.
"""
