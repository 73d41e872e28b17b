"""Where do checkerboards come from, and which way to enlarge leaves none?

A window that the stride does not divide covers some pixels by more taps than others. The same autoencoder enlarges in
four ways; over its training three measures look for a pattern of two pixels in what it puts out.

Expectation  Before training the 3x3 transposed convolution has the pattern by construction (overlap 0.484); 4x4, whose
             window the stride divides, has none by construction and may learn one; resize and convolve has none
             (Odena, Dumoulin and Olah 2016).
Command      make sweep-checkerboard SEEDS=3
Cost         an autoencoder on all images, 2 epochs each: a minute a run on two cores
Finding      not measured yet
"""

from dataclasses import replace

from experiments.autoencode import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import contact_sheet
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

WAYS = {
    "transposed, 3x3": "transposed,kernel=3",
    "transposed, 4x4": "transposed,kernel=4",
    "resize, then 3x3": "resize",
    "sub-pixel": "subpixel",
}
STEPS = (100, 200, 400, 900)


def patterns(results: Results) -> Panel:
    """Measures of a pattern over the training, of 500 test images: the first seed of each way."""
    import jaxcnn
    from jaxcnn.inspect import checkerboard, probe

    figure, axes = new_figure(11, 4, columns=2)
    lines = []
    for place, label in enumerate(results.labels):
        row = results.of(label)[0]
        seen = []
        for step in STEPS:
            run = jaxcnn.load(row.folder, step=step)
            images, _ = probe.examples(run, 500)
            made = run.predict(images)
            seen.append((checkerboard.phase_spread(made), checkerboard.excess(made, images)))
        for axis, values in zip(axes, zip(*seen, strict=True), strict=True):
            axis.plot(STEPS, values, marker="o", label=label, **line_style(place))
        kernel = {"3x3": 3, "4x4": 4}.get(label.rpartition(" ")[2])
        overlap = f"{checkerboard.overlap(kernel, 2):.3f}" if kernel and "transposed" in label else ""
        lines.append([label, overlap, f"{seen[0][0]:.4f}", f"{seen[-1][0]:.4f}", f"{seen[-1][1]:.2f}"])
    axes[0].set(xlabel="step", ylabel="spread of phases / standard deviation", yscale="log")
    axes[1].set(xlabel="step", ylabel="power at two pixels / the data's", yscale="log")
    axes[0].legend(frameon=False)
    head = ["", "overlap", f"phases at step {STEPS[0]}", f"at step {STEPS[-1]}", "power at two pixels"]
    return Panel("A pattern of two pixels", figure, Table(head, lines))


def pictures(results: Results) -> Panel:
    """Eight test images, and what each way makes of them at the end."""
    from jaxcnn.inspect import probe

    first = results.of(results.labels[0])[0].run()
    images, _ = probe.examples(first, 8)
    rows = {"image": list(images)}
    rows |= {label: list(results.of(label)[0].run().predict(images)) for label in results.labels}
    return Panel("What comes out", contact_sheet(rows))


SWEEP = Sweep(
    name="checkerboard",
    base=replace(
        CONFIG,
        duration=f"{STEPS[-1]}steps",
        checkpoint_every="100steps",
        evaluate_every="300steps",
        keep=20,
        tensorboard=False,
    ),
    variations={label: {"model": f"autoencoder:upsample={way}"} for label, way in WAYS.items()},
    panels=(patterns, pictures),
    metric="test_psnr",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
