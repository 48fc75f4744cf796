"""Show the spectrum of what the microphone hears, while it hears it.

python examples/live_spectrum.py [--host jack] [--device ID] [--seconds 60] [--save spectrum.png]
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

import numpy as np

import pcmio

SIZE = 4096  # frames of which a spectrum is made


def main() -> None:
    parser = argparse.ArgumentParser(description="Show the spectrum of what is recorded.")
    parser.add_argument("--host")
    parser.add_argument("--device")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--save", help="show no window, and save the last picture to this file")
    wanted = parser.parse_args()
    try:
        plot: Any = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise SystemExit("this example needs matplotlib: pip install 'pcmio[examples]'") from None

    with pcmio.host(wanted.host) as host:
        device = host.device_by_id(wanted.device) if wanted.device else host.default_input_device()
        if device is None:
            raise SystemExit(f"{host.name} has no input device")
        figure, axes = plot.subplots()
        with device.open_reader() as mic:  # floats; its ring holds a second, while a picture is drawn
            rate = mic.config.sample_rate
            frequencies = np.fft.rfftfreq(SIZE, 1 / rate)[1:]
            (line,) = axes.semilogx(frequencies, np.full(SIZE // 2, -120.0))
            axes.set(xlim=(20, rate / 2), ylim=(-120, 0), xlabel="Hz", ylabel="dB below full scale", title=device.name)
            window = np.hanning(SIZE)
            heard = spectrum = np.zeros(SIZE)
            frames = 0
            while frames < wanted.seconds * rate and (wanted.save or plot.fignum_exists(figure.number)):
                block = mic.read(max(mic.read_available, SIZE // 4))[:, 0]  # all that is there
                frames += len(block)
                heard = np.concatenate([heard, block])[-SIZE:]
                spectrum = np.abs(np.fft.rfft(heard * window))[1:] * 2 / window.sum()
                line.set_ydata(20 * np.log10(spectrum + 1e-6))
                if not wanted.save:
                    plot.pause(0.001)
            print(f"loudest at {frequencies[spectrum.argmax()]:.0f} Hz, {mic.stats.xrun_frames} frames lost")
        if wanted.save:
            figure.savefig(wanted.save)


if __name__ == "__main__":
    main()
