//! The plot of the means.

use std::path::Path;

use plotters::prelude::*;

use crate::Outcome;
use crate::table::Table;

const SIZE: (u32, u32) = (720, 320);

/// Draws a bar for each peer: its time over that of Lua 5.4, the geometric mean of the programs that compute. The axis is
/// logarithmic: native code and tree walkers are far apart.
pub(crate) fn draw(table: &Table, path: &Path) -> Outcome<()> {
    let mut bars: Vec<(&str, f64)> = table.means().filter(|(_, mean)| mean.is_finite()).collect();
    bars.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let least = bars.last().map_or(1.0, |&(_, mean)| mean.min(1.0)) / 2.0;
    let most = bars.first().map_or(1.0, |&(_, mean)| mean.max(1.0)) * 3.0;
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("CPU time × Lua 5.4, geometric mean (less is better)", ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(100)
        .build_cartesian_2d((least..most).log_scale(), (0..bars.len()).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(bars.len() + 1)
        .y_label_formatter(&|place| match place {
            SegmentValue::CenterOf(n) => bars.get(*n).map_or("", |bar| bar.0).to_owned(),
            _ => String::new(),
        })
        .draw()?;
    chart.draw_series(bars.iter().enumerate().map(|(n, &(name, mean))| {
        let color = if name.starts_with("Mog") { RGBColor(32, 96, 192) } else { RGBColor(150, 150, 150) };
        let mut bar = Rectangle::new(
            [(least, SegmentValue::Exact(n)), (mean, SegmentValue::Exact(n + 1))],
            color.filled(),
        );
        bar.set_margin(4, 4, 0, 0);
        bar
    }))?;
    chart.draw_series(bars.iter().enumerate().map(|(n, &(_, mean))| {
        Text::new(format!("{mean:.2}"), (mean * 1.05, SegmentValue::CenterOf(n)), ("sans-serif", 12))
    }))?;
    area.present()?;
    Ok(())
}
