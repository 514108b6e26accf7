/** The one style of the report: its own colours for light, dark and paper, no font that is not there. */
export const REPORT_STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--shade:#f6f8fa;--link:#0b57a4;
--good:#116329;--good-bg:#dafbe1;--bad:#a40e26;--bad-bg:#ffebe9;--open:#7a4b00;--open-bg:#fff1cc;--store:#eef4fb}
@media screen and (prefers-color-scheme:dark){:root{--paper:#0f1318;--ink:#e6edf3;--soft:#9aa5b1;--line:#38414b;--shade:#181e25;--link:#7ab8ff;
--good:#7ee2a0;--good-bg:#0f2f1c;--bad:#ff9d94;--bad-bg:#3b1214;--open:#f0c36d;--open-bg:#33270b;--store:#17222f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
overflow-wrap:anywhere}
header,main{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.5rem}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.25rem .5rem}
a{color:var(--link)}
a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.35rem;line-height:1.3;margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:2px solid var(--line)}
h3{font-size:1.1rem;line-height:1.35;margin:2rem 0 .5rem}
h4{font-size:.95rem;font-weight:600;margin:0;color:var(--ink)}
p,ul,ol,dl,table,figure{margin:.5rem 0 1rem}
p,ul,ol{max-width:60rem}
ul,ol{padding-left:1.4rem}
li{margin:.15rem 0}
li>ul{margin:.1rem 0 .4rem;color:var(--soft);font-size:.9rem}
nav ol{columns:2;column-gap:2rem;margin:0}
code,pre{font:.85em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.short{overflow-wrap:break-word}
h3 code{font-size:.95em;font-weight:600}
code{background:var(--shade);padding:.05em .3em;border-radius:.25em;-webkit-box-decoration-break:clone;box-decoration-break:clone}
th code,td code{overflow-wrap:anywhere}
th .short,td .short{overflow-wrap:break-word}
dl{display:grid;gap:.25rem}
dl>div{display:grid;grid-template-columns:13rem 1fr;gap:1rem}
dt{color:var(--soft)}
dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;color:var(--soft);padding-bottom:.35rem}
th,td{overflow-wrap:break-word;text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
thead th{background:var(--shade);border-bottom:2px solid var(--line)}
tbody th{font-weight:400}
.badge{display:inline-block;font-size:.8rem;font-weight:600;line-height:1.3;padding:.1rem .5rem;border-radius:1rem;white-space:nowrap}
.good{color:var(--good);background:var(--good-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}
.open{color:var(--open);background:var(--open-bg)}
.plain{color:var(--ink);background:var(--shade)}
.document{border:1px solid var(--line);border-radius:.5rem;margin:.75rem 0 1.25rem;overflow:hidden}
.document h4{padding:.5rem .75rem;border-bottom:1px solid var(--line);background:var(--shade)}
.document pre{margin:0;padding:.5rem .75rem;white-space:pre-wrap}
.frame{color:var(--soft)}
.statement{display:grid;grid-template-columns:minmax(0,9fr) minmax(0,11fr);border-top:1px solid var(--line);border-bottom:1px solid var(--line);margin-top:-1px}
.statement pre{border-left:1px solid var(--line);background:var(--shade)}
.says{padding:.5rem .75rem;font-size:.92rem}
.says p{margin:0}
.says ul{margin:.3rem 0 0;padding-left:1.2rem}
.drawing{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem;padding:.5rem}
.drawing svg{display:block;margin:0 auto;max-width:none}
.box{fill:var(--shade);stroke:var(--soft);stroke-width:1.2}
.box.start{stroke-width:2.4}
.box.end{stroke-dasharray:none;stroke-width:2.4}
.box.choice{fill:var(--open-bg);stroke:var(--open)}
.box.store{fill:var(--store);stroke:var(--link)}
.box.tone-bad{fill:var(--bad-bg);stroke:var(--bad)}
.box.tone-good{fill:var(--good-bg);stroke:var(--good)}
.way{fill:none;stroke:var(--soft);stroke-width:1.3}
.dashed{stroke-dasharray:5 4}
.tip{fill:var(--soft)}
.name,.note,.label{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;fill:var(--ink)}
.name{font-size:12px;font-weight:600}
.note,.label{font-size:10px}
.note{fill:var(--soft)}
.label{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
figcaption{color:var(--soft);font-size:.9rem;max-width:60rem}
@media screen and (max-width:46rem){
body{font-size:15px}
header,main{padding-left:.9rem;padding-right:.9rem}
h1{font-size:1.4rem}
nav ol{columns:1}
dl>div{grid-template-columns:1fr;gap:0}
dl{gap:.6rem}
thead{position:absolute;left:-999rem}
table,tbody,tr,tbody th,td,caption{display:block}
tr{border:1px solid var(--line);border-radius:.5rem;margin-bottom:.6rem;padding:.3rem .1rem}
th,td{border-bottom:0;padding:.2rem .6rem}
td[data-label]::before{content:attr(data-label);display:block;color:var(--soft);font-size:.8rem}
.statement{grid-template-columns:minmax(0,1fr)}
.statement pre{border-left:0;border-top:1px solid var(--line)}
}
@page{size:A4;margin:16mm 14mm;@bottom-right{content:counter(page) " / " counter(pages);font:8pt system-ui,sans-serif;color:#57606a}}
@media print{
html{font-size:11.5px}
body{font-size:1rem}
header,main{max-width:none;padding:0}
.skip{display:none}
code{padding:0}
a{color:inherit;text-decoration:none}
h2{break-before:page}
#summary h2{break-before:auto}
h2,h3,h4,caption{break-after:avoid}
tr,figure,li{break-inside:avoid}
thead{display:table-header-group}
table{font-size:.92rem}
.badge{border:1px solid currentColor}
.document{overflow:visible}
.drawing{overflow:visible;border:0;padding:0}
.drawing svg{max-width:100%;height:auto;max-height:245mm}
}
`;
