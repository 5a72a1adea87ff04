"""The witness journey, over HTTP through the gateway."""


class Journey:
    def __init__(self, gateway: str, identity: str) -> None:
        self._gateway, self._identity = gateway, identity

    def load_directory(self) -> tuple[str, None]:
        return "nothing yet", None

    def play(self) -> tuple[str, None]:
        return "nothing yet", None
