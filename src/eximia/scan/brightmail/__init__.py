"""Brightmail (features row 2): a message is judged once, before it is accepted (`judging`), and routers ask for the
verdicts (`verdicts`). The engines that judge are one file each."""
