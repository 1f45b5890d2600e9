package org.globalsessions.benchmarks;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jfree.chart.ChartUtils;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CombinedDomainXYPlot;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;

/** Draws what more relief nodes hold, and how many sets and gets a second there are with them, one above the other. */
final class GrowthPlot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 560;
    private static final Color GRID = new Color(0xD0D0D0);

    /**
     * What was measured with a number of relief nodes.
     *
     * @param nodes how many
     * @param held  sessions held without loss
     * @param sets  a second
     * @param gets  a second
     */
    record Point(int nodes, long held, double sets, double gets) {}

    private GrowthPlot() {}

    /**
     * Writes a PNG.
     *
     * @param file   where to
     * @param points by the number of nodes
     */
    static void write(Path file, List<Point> points) throws IOException {
        System.setProperty("java.awt.headless", "true");
        NumberAxis nodes = new NumberAxis("relief nodes, each a process, all on one machine");
        nodes.setStandardTickUnits(NumberAxis.createIntegerTickUnits());
        CombinedDomainXYPlot both = new CombinedDomainXYPlot(nodes);
        both.add(panel("sessions held", series("held without loss", points, Point::held)));
        both.add(panel(
                "operations a second",
                series("sets", points, Point::sets),
                series("gets answered by a relief node", points, Point::gets)));
        JFreeChart chart = new JFreeChart(both);
        chart.setBackgroundPaint(Color.WHITE);
        ChartUtils.saveChartAsPNG(file.toFile(), chart, WIDTH, HEIGHT);
    }

    private static XYSeries series(String name, List<Point> points, ToDoubleFunction<Point> value) {
        XYSeries series = new XYSeries(name);
        points.forEach(point -> series.add(point.nodes(), value.applyAsDouble(point)));
        return series;
    }

    private static XYPlot panel(String unit, XYSeries... all) {
        XYSeriesCollection data = new XYSeriesCollection();
        XYLineAndShapeRenderer lines = new XYLineAndShapeRenderer();
        for (int i = 0; i < all.length; i++) {
            data.addSeries(all[i]);
            lines.setSeriesStroke(i, new BasicStroke(2));
        }
        NumberAxis axis = new NumberAxis(unit);
        axis.setAutoRangeIncludesZero(true);
        XYPlot plot = new XYPlot(data, null, axis, lines);
        plot.setBackgroundPaint(Color.WHITE);
        plot.setDomainGridlinePaint(GRID);
        plot.setRangeGridlinePaint(GRID);
        return plot;
    }
}
