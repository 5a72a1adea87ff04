"""`python -m common.probe`: exit status 0 if the process of this container is ready; for images without curl."""

import http.client
import os
import sys

if __name__ == "__main__":
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["BASSIN_HTTP_PORT"]), timeout=3)
    try:
        connection.request("GET", "/readyz")
        sys.exit(connection.getresponse().status != 200)
    except OSError as away:
        sys.exit(str(away))
