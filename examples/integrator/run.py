"""Start the shop: `python examples/integrator/run.py`. Ctrl-C ends it."""

import asyncio
import signal
import sys
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

sys.path.insert(0, str(Path(__file__).resolve().parent))

from shop.app import create_app
from shop.config import Config


async def serve(config: Config) -> None:
    """Serve until a signal asks for the end."""
    server = Server(create_app(config), address=config.host, port=config.port, interface=Interfaces.ASGINL)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    print(f"오늘의 책상: http://{config.host}:{config.port}/  →  {config.oc_base_url}", flush=True)
    if not config.ready:
        print("OC_SERVICE와 OC_KEY(또는 OC_KEY_FILE)를 설정하면 헬프센터가 열립니다.", flush=True)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(serve(Config.from_environment()))
