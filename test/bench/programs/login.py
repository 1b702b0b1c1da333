# The same in Python, with its own library.
import json
import os
import sys
import urllib.request
import uuid

event = {"id": str(uuid.uuid4()), "user": os.environ["PAM_USER"], "rhost": os.environ.get("PAM_RHOST")}
request = urllib.request.Request(sys.argv[1], json.dumps(event).encode(), {"Content-Type": "application/json"})
urllib.request.urlopen(request, timeout=5).read()
