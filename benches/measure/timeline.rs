//! The picture of an invocation: a row for each connection, a bar for its handshake and for each of its calls.

use tokio::time::Instant;

use support::endpoint::Connection;

use crate::{function::Invoked, runs::milliseconds};

const WIDTH: f64 = 860.0;
/// What the names of the connections take.
const LEFT: f64 = 96.0;
const ROW: f64 = 28.0;
const BAR: f64 = 20.0;
/// The longest name that fits into a bar.
const LETTERS: usize = 17;

/// An SVG with a panel for each invocation, readable on light and on dark ground.
pub(crate) fn draw(panels: &[(&str, &(Invoked, Vec<Connection>))]) -> String {
    let longest = panels.iter().map(|(_, (invoked, _))| milliseconds(invoked.duration())).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - 70.0) / longest;
    let (mut body, mut y) = (String::new(), 8.0);
    for (title, (invoked, connections)) in panels {
        let x = |at: Instant| LEFT + milliseconds(at.saturating_duration_since(invoked.began_at)) * scale;
        let total = milliseconds(invoked.duration());
        body += &format!("<text class=\"title\" x=\"8\" y=\"{:.0}\">{title}: {total:.0} ms</text>\n", y + 16.0);
        y += 26.0;
        let top = y;
        let mut connections: Vec<_> = connections.iter().collect();
        connections.sort_by_key(|connection| (connection.service, connection.accepted_at));
        let bar = |class: &str, from: Instant, to: Instant, name: &str, y: f64| {
            let (left, width) = (x(from), (x(to) - x(from)).max(1.0));
            let label = if name.len() > LETTERS { format!("{}…", &name[..LETTERS - 1]) } else { name.to_owned() };
            let duration = milliseconds(to.saturating_duration_since(from));
            format!(
                "<g><title>{name}: {duration:.1} ms</title><rect class=\"{class}\" x=\"{left:.1}\" y=\"{y:.1}\" \
                 width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/><text class=\"in\" x=\"{:.1}\" y=\"{:.1}\">{label}</text></g>\n",
                left + 5.0,
                y + 14.0
            )
        };
        for connection in connections {
            body += &format!("<text x=\"8\" y=\"{:.0}\">{}</text>\n", y + 14.0, connection.service);
            if let Some(secured_at) = connection.secured_at {
                body += &bar("handshake", connection.accepted_at, secured_at, "handshake", y);
            }
            for exchange in &connection.exchanges {
                let Some(answered_at) = exchange.answered_at else { continue };
                body += &bar("call", exchange.asked_at, answered_at, &exchange.operation(), y);
            }
            y += ROW;
        }
        for (at, label) in [(invoked.began_at, "event"), (invoked.ended_at, "answer")] {
            let x = x(at);
            body += &format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{y:.0}\"/><text class=\"mark\" x=\"{:.1}\" \
                 y=\"{:.0}\">{label}</text>\n",
                x - 2.0,
                y + 12.0
            );
        }
        y += 30.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y:.0}\" width=\"{WIDTH}\" height=\"{y:.0}\" \
         role=\"img\" aria-label=\"Timeline of a first invocation over TLS, connection by connection\">\n<style>\n\
         text {{ font: 12px sans-serif; fill: #1f2328 }} .title {{ font-weight: bold }} .in {{ font-size: 11px; fill: #fff }}\n\
         .mark {{ font-size: 11px }} line {{ stroke: #59636e; stroke-dasharray: 3 3 }}\n\
         .ground {{ fill: #fff }} .handshake {{ fill: #6e7781 }} .call {{ fill: #0969da }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ground {{ fill: #0d1117 }} .in {{ fill: #fff }} \
         line {{ stroke: #9198a1 }} }}\n</style>\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n{body}</svg>\n"
    )
}
